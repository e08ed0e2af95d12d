# ruff: noqa: DJ008, DJ012  as a plain app is written
"""Projects have tickets, tickets have comments, labels and watchers. An incident is a ticket, a laptop an asset."""

from django.contrib.auth.models import Group
from django.db import models

from tidewire.models import LiveModel, VersionField


class Agent(models.Model):
    """Not live."""

    name = models.CharField(max_length=50)


class Label(models.Model):
    name = models.CharField(max_length=50)


class Project(models.Model):
    name = models.CharField(max_length=50)


class VisibleManager(models.Manager):
    def get_queryset(self):
        return super().get_queryset().filter(deleted_at=None)


class Ticket(models.Model):
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="tickets", null=True)
    assignee = models.ForeignKey(Agent, on_delete=models.SET_NULL, null=True, related_name="tickets")
    title = models.CharField(max_length=50)
    version = models.CharField(max_length=20, default="1.0")
    """The release that has the fault. It counts nothing."""
    rank = models.IntegerField(default=0)
    labels = models.ManyToManyField(Label, related_name="tickets")
    watchers = models.ManyToManyField(Agent, through="Watch", related_name="watched")
    deleted_at = models.DateTimeField(null=True)

    objects = VisibleManager()
    everything = models.Manager()

    def delete_softly(self, at):
        self.deleted_at = at
        self.save()


class Watch(models.Model):
    """The model of a relation that has one."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE)
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE)
    reason = models.CharField(max_length=20, default="")


class UrgentTicket(Ticket):
    class Meta:
        proxy = True


class Incident(Ticket):
    """A ticket with a table of its own besides."""

    severity = models.IntegerField(default=1)


class Comment(models.Model):
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="comments")
    text = models.CharField(max_length=50)


class Asset(models.Model):
    """Its version stands in the table of the parent. The child is live, and so is the parent."""

    name = models.CharField(max_length=50)
    version = VersionField()


class Laptop(Asset):
    memory = models.IntegerField(default=8)


class Account(models.Model):
    """Most of its writes are sign-ins, which are no events."""

    name = models.CharField(max_length=50, unique=True)
    last_login = models.DateTimeField(null=True)
    groups = models.ManyToManyField(Group, related_name="accounts")
    version = VersionField()


class Note(LiveModel):
    """Has its base class from the engine, and a manager that hides rows."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE)
    text = models.CharField(max_length=50)
    deleted_at = models.DateTimeField(null=True)

    objects = VisibleManager()
