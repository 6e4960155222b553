"""Pictures, and the versions of them that pages show."""

from __future__ import annotations

from django.db import models


class Picture(models.Model):
    """A picture as it was uploaded."""

    title = models.CharField(max_length=80)
    original = models.FileField(upload_to="pictures/originals")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return self.title


class PictureVersion(models.Model):
    """A picture made ready for one use."""

    picture = models.ForeignKey(Picture, on_delete=models.CASCADE, related_name="versions")
    kind = models.CharField(max_length=20)
    file = models.FileField(upload_to="pictures")
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    size = models.PositiveIntegerField("size in bytes")

    class Meta:
        ordering = ["picture", "-size"]
        constraints = [models.UniqueConstraint(fields=["picture", "kind"], name="shop_one_version_per_kind")]

    def __str__(self) -> str:
        return f"{self.picture}, {self.kind}"
