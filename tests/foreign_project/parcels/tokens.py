from django.contrib.auth import get_user_model
from django.core import signing
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed

from tidewire import Actor, set_actor
from tidewire.credentials import ExpiredCredential, Identity, InvalidCredential

SECONDS = 3600


def token_of(user):
    return signing.dumps(user.pk, salt="socket")


def authenticate(credential):
    """For sockets: checks the signature, without a query. Raises ExpiredCredential or InvalidCredential."""
    try:
        return Identity(str(signing.loads(credential, salt="socket", max_age=SECONDS)))
    except signing.SignatureExpired:
        raise ExpiredCredential from None
    except signing.BadSignature:
        raise InvalidCredential from None


class TokenAuthentication(BaseAuthentication):
    """The same for REST. The actor that is set here appears in the events of the request."""

    def authenticate(self, request):
        scheme, _, token = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme != "Bearer":
            return None
        try:
            user = get_user_model().objects.get(pk=authenticate(token).user_id)
        except (ExpiredCredential, InvalidCredential, get_user_model().DoesNotExist):
            raise AuthenticationFailed from None
        set_actor(Actor("user", str(user.pk)))
        return user, token

    def authenticate_header(self, request):
        return "Bearer"
