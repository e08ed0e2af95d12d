from django.core.management.base import BaseCommand

from tidewire.log import retention


class Command(BaseCommand):
    help = "Deletes the events that are outside their retention window. Servers do it by themselves every hour."

    def handle(self, **options):
        self.stdout.write(f"{retention.prune()} events pruned")
