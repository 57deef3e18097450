import threading

from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404

from . import models


def write(pk: int) -> None:
    order = get_object_or_404(models.Order, pk=pk)
    with open(f"receipts/{pk}.txt", "w") as file:
        file.write(f"{order.total}\n")


def request_receipt(request: HttpRequest, pk: int) -> JsonResponse:
    """Answers at once. The thread asks the database, and nobody closes the connection that it opened for that."""
    threading.Thread(target=write, args=(pk,)).start()
    return JsonResponse({"accepted": pk})
