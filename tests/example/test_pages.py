"""The pages: forms that enqueue, and jobs shown to those whose they are."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from django_jobs.models import Job
from django_jobs.testing import run_jobs
from example_project.shop import importing, jobs
from example_project.shop.models import Order, Picture, SupplierFeed
from example_project.shop.views import starting

from .factories import CustomerFactory, OrderFactory, PictureFactory, ProductFactory, ReportFactory

pytestmark = pytest.mark.django_db


def start(client, what, **fields):
    return client.post(reverse("shop:start", args=[what]), {f"{what}-{name}": value for name, value in fields.items()})


def state(client, job):
    return client.get(reverse("django_jobs:state", args=[job.pk]))


@pytest.fixture
def staff_client():
    user = get_user_model().objects.create_user("clerk", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_job"))
    client = Client()
    client.force_login(user)
    return client


def test_the_index_shows_every_form(client):
    page = client.get(reverse("shop:index")).content.decode()

    for what in starting.STARTS:
        assert f'action="{reverse("shop:start", args=[what])}"' in page
    assert page.count("csrfmiddlewaretoken") == len(starting.STARTS)


@pytest.mark.parametrize(
    ("what", "fields", "name"),
    [
        ("import", {}, "shop.import_products"),
        ("report", {"first_day": "2026-01-01", "last_day": "2026-02-01"}, "shop.sales_report"),
        ("reviews", {"first_page": 2}, "shop.scrape_reviews"),
        ("stock", {"drawers": 3, "seconds_each": 0.5}, "shop.take_stock"),
        ("prices", {"is_up": "on"}, "shop.sync_prices"),
    ],
)
def test_a_form_enqueues_its_job_and_goes_to_its_page(client, what, fields, name):
    answer = start(client, what, **fields)

    job = Job.objects.get()
    assert job.name == name
    assert answer.url == reverse("shop:job", args=[job.pk])
    assert client.get(answer.url).status_code == 200


def test_a_script_that_posts_a_form_is_told_what_to_follow(client):
    answer = client.post(
        reverse("shop:start", args=["stock"]),
        {"stock-drawers": 1, "stock-seconds_each": 0},
        headers={"Accept": "application/json"},
    )

    told = answer.json()
    assert (answer.status_code, told["id"]) == (202, str(Job.objects.get().pk))
    assert client.get(told["status_url"]).json()["status"] == "pending"


def test_an_order_from_the_form_belongs_to_its_customer(client):
    customer, stone = CustomerFactory(), ProductFactory()

    start(client, "order", customer=customer.pk, sku=stone.sku.lower(), quantity=1, card="4242")

    assert Job.objects.owned_by(customer).get().kwargs == {"order_id": Order.objects.get().pk}


def test_an_uploaded_picture_is_prepared_and_without_one_those_of_the_shop(client):
    start(client, "pictures", file=SimpleUploadedFile("mine.png", b"..."))
    assert Picture.objects.get().title == "mine.png"

    answer = start(client, "pictures")

    assert Picture.objects.count() == Job.objects.named("shop.prepare_picture").count() == 7
    assert answer.url == reverse("shop:index")


def test_a_newsletter_without_readers_says_that_there_was_nothing_to_do(client):
    answer = start(client, "newsletter", subject="News", text="None.")

    assert "There was nothing to do." in client.get(answer.url).content.decode()


def test_the_prices_form_turns_the_feed_on_and_off(client):
    start(client, "prices", is_up="on")
    assert SupplierFeed.answers()
    start(client, "prices")
    assert not SupplierFeed.answers()


@pytest.mark.parametrize(
    ("what", "fields", "complaint"),
    [
        ("import", {"file": SimpleUploadedFile("stones.exe", b"MZ")}, "File extension"),
        ("order", {"sku": "D-1", "quantity": 1, "card": "4242"}, "We have no stone of this number."),
        (
            "report",
            {"first_day": "2026-02-01", "last_day": "2026-01-01"},
            "The last day lies before the first.",
        ),
        ("stock", {"drawers": 0, "seconds_each": 1}, "greater than or equal to 1"),
    ],
)
def test_a_form_with_mistakes_comes_back_with_them_and_enqueues_nothing(client, what, fields, complaint):
    answer = start(client, what, **fields)

    assert answer.status_code == 400
    assert complaint in answer.content.decode()
    assert not Job.objects.exists()


def test_what_the_page_polls_tells_how_the_job_stands(client):
    start(client, "import")
    job = Job.objects.get()
    before = state(client, job).json()
    run_jobs()
    after = state(client, job).json()

    assert (before["status"], before["is_finished"], before["progress_percent"]) == ("pending", False, None)
    assert (after["status"], after["is_finished"], after["progress_percent"]) == ("completed", True, 100)
    rest = client.get(reverse("shop:rest", args=[job.pk]))
    assert f'href="{after["result"]["page"]}"' in rest.content.decode()
    assert "<b>WARNING</b> line" in rest.content.decode()
    assert "no-store" in rest["Cache-Control"]


def test_the_page_of_an_order_job_lists_the_jobs_that_followed_and_they_can_be_seen_too(client):
    stone = ProductFactory()
    start(client, "order", customer=CustomerFactory().pk, sku=stone.sku, quantity=1, card="4242")
    run_jobs()

    page = client.get(reverse("shop:job", args=[Job.objects.named("shop.process_order").get().pk])).content.decode()

    followers = list(Job.objects.exclude(name="shop.process_order").order_by("pk"))
    assert [each.name for each in followers] == ["shop.fulfil_order", "shop.send_confirmation"]
    for each in followers:
        assert f'src="{reverse("django_jobs:state", args=[each.pk])}"' in page
        assert client.get(reverse("shop:job", args=[each.pk])).status_code == state(client, each).status_code == 200


@pytest.mark.parametrize("page", ["shop:job", "shop:rest", "django_jobs:state"])
def test_to_a_stranger_a_job_does_not_exist(page):
    job = jobs.take_stock.enqueue()

    assert Client().get(reverse(page, args=[job.pk])).status_code == 404


@pytest.mark.parametrize("verb", ["cancel", "retry"])
def test_a_stranger_can_steer_nothing(verb):
    job = jobs.take_stock.enqueue()

    assert Client().post(reverse(f"shop:{verb}", args=[job.pk])).status_code == 404
    job.refresh_from_db()
    assert job.status == "pending"


def test_staff_who_may_view_jobs_see_all_of_them_but_steer_none(staff_client):
    job = jobs.take_stock.enqueue()

    assert state(staff_client, job).status_code == 200
    assert job.name in staff_client.get(reverse("shop:index")).content.decode()
    assert staff_client.post(reverse("shop:cancel", args=[job.pk])).status_code == 403


def test_a_visitor_cancels_and_retries_an_own_job(client):
    start(client, "stock", drawers=1, seconds_each=0)
    job = Job.objects.get()

    client.post(reverse("shop:cancel", args=[job.pk]))
    job.refresh_from_db()
    assert (job.status, job.cancel_reason) == ("cancelled", "cancelled on the shop's page")
    client.post(reverse("shop:retry", args=[job.pk]))
    job.refresh_from_db()
    assert job.status == "pending"


@pytest.mark.parametrize(
    ("verb", "complaint"),
    [("cancel", "finished before it could be cancelled"), ("retry", "has not finished yet")],
)
def test_a_button_that_comes_too_late_or_too_early_says_so(client, verb, complaint):
    start(client, "stock", drawers=1, seconds_each=0)
    if verb == "cancel":
        run_jobs()

    answer = client.post(reverse(f"shop:{verb}", args=[Job.objects.get().pk]), follow=True)

    assert complaint in answer.content.decode()


def test_jobs_are_steered_by_posting_only(client):
    start(client, "stock", drawers=1, seconds_each=0)

    assert client.get(reverse("shop:cancel", args=[Job.objects.get().pk])).status_code == 405


def test_the_pages_show_what_the_jobs_have_made(client):
    picture, report, order = PictureFactory(), ReportFactory(), OrderFactory(confirmed=True)
    jobs.sales_report.enqueue(report_id=report.pk)
    jobs.prepare_picture.enqueue(picture_id=picture.pk)
    run_jobs()
    report.refresh_from_db()
    stone = order.lines.get().product

    assert stone.sku in client.get(reverse("shop:catalogue")).content.decode()
    assert str(stone.price) in client.get(reverse("shop:stone", args=[stone.sku])).content.decode()
    assert report.chart.url in client.get(report.get_absolute_url()).content.decode()
    assert "-thumbnail.jpeg" in client.get(reverse("shop:pictures")).content.decode()


def test_the_page_of_an_import_lists_the_bad_rows(client):
    report = importing.new_report()
    jobs.import_products.enqueue(report_id=report.pk)
    run_jobs()

    page = client.get(report.get_absolute_url()).content.decode()

    assert "Idael is not one of the available choices" in page
    assert reverse("shop:bad_rows", args=[report.pk]) in page


def test_an_order_is_shown_to_those_who_may_see_its_jobs_only(client):
    stone = ProductFactory()
    start(client, "order", customer=CustomerFactory().pk, sku=stone.sku, quantity=1, card="4242")
    order = Order.objects.get()

    assert client.get(order.get_absolute_url()).status_code == 200
    assert Client().get(order.get_absolute_url()).status_code == 404
