from django.conf import settings
from django.db import models


class Label(models.Model):
    name = models.CharField(max_length=50, unique=True)

    def __str__(self):
        return self.name


class TicketManager(models.Manager):
    """Hides what was deleted."""

    def get_queryset(self):
        return super().get_queryset().filter(is_deleted=False)


class Ticket(models.Model):
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tickets")
    assignee = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    title = models.CharField(max_length=100)
    is_open = models.BooleanField(default=True)
    is_deleted = models.BooleanField(default=False)
    labels = models.ManyToManyField(Label, blank=True)
    changed_at = models.DateTimeField(auto_now=True)

    objects = TicketManager()
    everything = models.Manager()

    def __str__(self):
        return self.title


class Incident(Ticket):
    """A ticket with a table of its own besides."""

    severity = models.PositiveSmallIntegerField(default=1)
