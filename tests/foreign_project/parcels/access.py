from parcels.models import Courier


def own_courier(user_id, keys):
    """Couriers follow their own parcels. Keys are whatever somebody wrote: only the exact one is theirs."""
    return {user_id} if user_id in keys and Courier.objects.filter(pk=user_id, is_active=True).exists() else set()
