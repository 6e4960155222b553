"""Settings of the example project, all of them read from the environment or from a `.env` file beside `manage.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import django
import environ

from django_jobs.conf import jobs_from_env
from example_project.secret import read_or_make_secret_key

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
if (BASE_DIR / ".env").is_file():
    env.read_env(BASE_DIR / ".env")

# Everything the running site writes goes here; it can be deleted to start over.
VAR_DIR = Path(env.str("SHOP_VAR", default=str(BASE_DIR / "example_project" / "var")))
VAR_DIR.mkdir(parents=True, exist_ok=True)

# On, because this is an example for a laptop; `DEBUG=off` turns on everything that `check --deploy` asks for.
DEBUG = env.bool("DEBUG", default=True)
SECRET_KEY = env.str("SECRET_KEY", default="") or read_or_make_secret_key(VAR_DIR / "secret_key")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "django_jobs",
    "django_jobs.contrib.notifications",
    "example_project.shop",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "example_project.urls"
WSGI_APPLICATION = "example_project.wsgi.application"
ASGI_APPLICATION = "example_project.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# Web server and worker write to one SQLite file: WAL lets readers go on meanwhile, and IMMEDIATE makes a writer
# queue at the start of its transaction instead of failing in the middle of it.
SQLITE_OPTIONS: dict[str, Any] = {
    "timeout": 20,
    "transaction_mode": "IMMEDIATE",
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
}
MYSQL_OPTIONS: dict[str, Any] = {"charset": "utf8mb4", "isolation_level": "read committed"}

DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'shop.sqlite3'}")}
_ENGINE_OPTIONS = {"django.db.backends.sqlite3": SQLITE_OPTIONS, "django.db.backends.mysql": MYSQL_OPTIONS}
_OPTIONS = _ENGINE_OPTIONS.get(DATABASES["default"]["ENGINE"], {})
DATABASES["default"]["OPTIONS"] = _OPTIONS | DATABASES["default"].get("OPTIONS", {})

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
MEDIA_URL = "media/"
MEDIA_ROOT = VAR_DIR / "media"

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Mails become files, so that nothing leaves the machine; any other backend by its dotted name.
_TO_FILES = "django.core.mail.backends.filebased.EmailBackend"
_BY_SMTP = "django.core.mail.backends.smtp.EmailBackend"
_MAIL_BACKEND = env.str("EMAIL_BACKEND", default=_TO_FILES if DEBUG else _BY_SMTP)
if django.VERSION >= (6, 1):
    _MAIL_OPTIONS = {"file_path": VAR_DIR / "mail"} if _MAIL_BACKEND == _TO_FILES else {}
    MAILERS = {"default": {"BACKEND": _MAIL_BACKEND, "OPTIONS": _MAIL_OPTIONS}}
else:
    EMAIL_BACKEND = _MAIL_BACKEND
    EMAIL_FILE_PATH = VAR_DIR / "mail"
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="shop@example.com")

# Where the site can be reached by its own worker, which reads the review pages from it.
SHOP_BASE_URL = env.str("SHOP_BASE_URL", default="http://127.0.0.1:8000")

JOBS = {"ACCESS": "example_project.shop.visitors.ShopAccess", **jobs_from_env()}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {"format": "{asctime} {levelname:<7} {name}: {message}", "style": "{"},
        "json": {"()": "example_project.logs.JsonFormatter"},
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": env.str("LOG_FORMAT", default="text")},
    },
    # Without handlers of its own, what Django logs goes the way of everything else, and is not said twice.
    "loggers": {"django": {"handlers": []}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
}

if not DEBUG:
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
    SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31_536_000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    if env.bool("BEHIND_TLS_PROXY", default=False):
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
