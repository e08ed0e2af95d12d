from django.core.management.base import BaseCommand

from tidewire.log import retention


class Command(BaseCommand):
    help = "After restoring a database, or a failover that lost writes: makes every client fetch its state anew."

    def handle(self, **options):
        self.stdout.write(f"{retention.renew_epochs()} streams have a new epoch")
