"""Mail backends that misbehave."""

from itertools import count

from django.core.mail.backends.locmem import EmailBackend

_tries = count(1)


class DownTwice(EmailBackend):
    """Refuse the first two connections of this process, as a mail server that restarts."""

    def send_messages(self, messages):
        if next(_tries) <= 2:
            raise ConnectionRefusedError("the mail server is down")
        return super().send_messages(messages)
