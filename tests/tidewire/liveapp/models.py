"""Boards hold items. An item moves between boards, has votes, labels, links to others, and may be archived."""

from django.db import models

from tidewire.models import LiveModel


class Board(LiveModel):
    name = models.CharField(max_length=50)

    class Meta(LiveModel.Meta):
        pass

    def __str__(self) -> str:
        return self.name


class Owner(models.Model):
    """Not live: its deletion reaches items through SET_NULL only."""

    name = models.CharField(max_length=50)

    def __str__(self) -> str:
        return self.name


class Label(models.Model):
    """Not live: the far end of a many-to-many relation that items show."""

    name = models.CharField(max_length=50)

    def __str__(self) -> str:
        return self.name


class Item(LiveModel):
    board = models.ForeignKey(Board, on_delete=models.CASCADE, null=True, related_name="items")
    owner = models.ForeignKey(Owner, on_delete=models.SET_NULL, null=True)
    title = models.CharField(max_length=50)
    slug = models.CharField(max_length=50, null=True, unique=True)
    rank = models.IntegerField(default=0)
    archived_at = models.DateTimeField(null=True)
    labels = models.ManyToManyField(Label, related_name="items")
    links = models.ManyToManyField("self")

    class Meta(LiveModel.Meta):
        pass

    def __str__(self) -> str:
        return self.title


class ProxyItem(Item):
    class Meta(LiveModel.Meta):
        proxy = True

    def __str__(self) -> str:
        return self.title


class Shelf(models.Model):
    """Not live: here the many-to-many field stands on the far side."""

    items = models.ManyToManyField(Item, related_name="shelves")

    def __str__(self) -> str:
        return str(self.pk)


class Vote(LiveModel):
    """Part of its item, as a reaction is part of its message."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="votes")
    stars = models.IntegerField(default=1)

    class Meta(LiveModel.Meta):
        pass

    def __str__(self) -> str:
        return f"{self.stars} for {self.item_id}"


class Counter(LiveModel):
    """The database makes its key."""

    id = models.BigAutoField(primary_key=True)
    board = models.ForeignKey(Board, on_delete=models.CASCADE, null=True)
    name = models.CharField(max_length=50, unique=True)
    value = models.IntegerField(default=0)

    class Meta(LiveModel.Meta):
        pass

    def __str__(self) -> str:
        return self.name


class Country(models.Model):
    """Not live: its key is a text, and it has columns of further types."""

    code = models.CharField(max_length=20, primary_key=True)
    name = models.CharField(max_length=50)
    area = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    is_island = models.BooleanField(default=False)
    founded_at = models.DateTimeField(null=True)
    size = models.SmallIntegerField(default=0)
    facts = models.JSONField(default=dict)
    neighbours = models.ManyToManyField("self")

    def __str__(self) -> str:
        return self.name
