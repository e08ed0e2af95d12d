from django.contrib.auth.models import AbstractUser
from django.db import models

from tidewire.models import VersionField


class Courier(AbstractUser):
    """Your own user model, with whatever key it has."""


class Parcel(models.Model):
    courier = models.ForeignKey(Courier, on_delete=models.CASCADE, related_name="parcels")
    label = models.CharField(max_length=100)
    latitude = models.FloatField(default=0)
    longitude = models.FloatField(default=0)
    is_delivered = models.BooleanField(default=False)
    version = VersionField()

    def __str__(self):
        return self.label
