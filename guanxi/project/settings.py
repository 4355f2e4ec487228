"""All settings come from the environment; every one has a default that works on one machine (docs/operate.md)."""

from __future__ import annotations

import os
import re
from datetime import date
from pathlib import Path

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from guanxi.project.home import ensure_secret_key, remembered

CHECKOUT = Path(__file__).resolve().parents[2]


def _number(name: str, default: str) -> int:
    text = os.environ.get(name) or default
    if not text.isdigit():
        raise ImproperlyConfigured(f"{name} is “{text}”; write a whole number such as {default}.")
    return int(text)


def _date(name: str, default: str = "") -> date | None:
    text = os.environ.get(name) or default
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is “{text}”; write a date such as 2018-01-01.") from error


def _list(name: str, default: str) -> list[str]:
    return [item.strip() for item in os.environ.get(name, default).split(",") if item.strip()]


def _one_of(name: str, *choices: str) -> str:
    text = os.environ.get(name) or choices[0]
    if text not in choices:
        raise ImproperlyConfigured(f"{name} is “{text}”; it can be {' or '.join(choices)}.")
    return text


def _time(name: str, default: str) -> str:
    """A time of day, or "never"."""
    text = os.environ.get(name) or default
    if text != "never" and not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text):
        raise ImproperlyConfigured(f"{name} is “{text}”; write a time of day such as {default}, or never.")
    return text


def _numbers(name: str, default: str) -> list[int]:
    items = _list(name, default)
    if len(items) != len(default.split(",")) or not all(item.isdigit() for item in items):
        raise ImproperlyConfigured(f"{name} is “{','.join(items)}”; write whole numbers such as {default}.")
    return [int(item) for item in items]


# Where everything that is kept lives.
GUANXI_HOME = Path(os.environ.get("GUANXI_HOME") or CHECKOUT / "var").resolve()
GUANXI_LAKE = os.environ.get("GUANXI_LAKE") or str(GUANXI_HOME / "lake")
GUANXI_ENGINE = os.environ.get("GUANXI_ENGINE", "duckdb")  # what answers questions to the lake
PORT = _number("PORT", "8000")

# The business.
GUANXI_TODAY = _date("GUANXI_TODAY", remembered(GUANXI_HOME).get("today", ""))  # the demonstration keeps its day
GUANXI_CURRENCY = os.environ.get("GUANXI_CURRENCY", "USD")
GUANXI_COUNTRY = os.environ.get("GUANXI_COUNTRY", "US")  # for telephone numbers written without a country code
TIME_ZONE = os.environ.get("GUANXI_TIME_ZONE", "UTC")
USE_TZ = True

# Security.
SECRET_KEY_FALLBACKS = _list("GUANXI_OLD_SECRET_KEYS", "")  # what was signed and sealed with these still counts
SECRET_KEY = os.environ.get("GUANXI_SECRET_KEY") or ensure_secret_key(GUANXI_HOME)
DEBUG = os.environ.get("GUANXI_DEBUG", "") == "1"
ALLOWED_HOSTS = _list("GUANXI_HOSTS", "127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = _list("GUANXI_ORIGINS", "")
GUANXI_PROXIES = _number("GUANXI_PROXIES", "0")  # how many proxies of ours stand before it, each noting the address
_https = os.environ.get("GUANXI_HTTPS", "") == "1"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SESSION_COOKIE_HTTPONLY = True
if _https:  # then browsers take these cookies from this very host only
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
SECURE_SSL_REDIRECT = _https
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _https else None
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Subdomains, and the browsers' own lists, are for who owns the domain to decide.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "connect-src": [SELF],
        "img-src": [SELF, "data:"],
        "frame-src": [NONE],
        "object-src": [NONE],
        "base-uri": [SELF],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "csp",
    "django_htmx",
    "django_tasks",
    "ninja",
    "guanxi.project",
    "guanxi.operations",
    "guanxi.sales.accounts",
    "guanxi.sales.day",
    "guanxi.sales.sample",
    "guanxi.sales.quoting",
    "guanxi.sales.winning",
    "guanxi.sales.territories",
    "guanxi.sales.reports",
    "guanxi.sales.forecast",
    "guanxi.sales.leads",
    "guanxi.sales.deals",
    "guanxi.insight",
    "guanxi.intake",
    "guanxi.channels.mail",
    "guanxi.channels.calendar",
    "guanxi.channels.activities",
    "guanxi.lake.dashboards",
    "guanxi.lake",
    "guanxi.orders.invoices",
    "guanxi.orders.handling",
    "guanxi.orders.quotes",
    "guanxi.orders.papers",
    "guanxi.orders",
    "guanxi.catalog",
    "guanxi.ledger.webhooks",
    "guanxi.ledger",
    "guanxi.customers.rights",
    "guanxi.customers",
    "guanxi.foundation.records",
    "guanxi.foundation.api",
    "guanxi.foundation.attachments",
    "guanxi.foundation.notes",
    "guanxi.foundation.savedviews",
    "guanxi.foundation.tags",
    "guanxi.foundation.todos",
    "guanxi.foundation.reports",
    "guanxi.foundation.roles",
    "guanxi.foundation.custom_fields",
    "guanxi.foundation.bulk_changes",
    "guanxi.foundation.habits",
    "guanxi.foundation.steps",
    "guanxi.foundation.letters",
    "guanxi.foundation.notices",
    "guanxi.foundation.desk",
    "guanxi.foundation.access",
    "guanxi.foundation.search",
    "guanxi.foundation.sealing",
    "guanxi.foundation.tasks",
    "guanxi.foundation",
    "allauth",  # below ours, so that our templates come before its own
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
]

MIDDLEWARE = [
    "guanxi.foundation.logs.RequestIdMiddleware",
    "guanxi.operations.metrics.MetricsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "guanxi.foundation.middleware.HeadersMiddleware",
    "guanxi.foundation.middleware.OriginMiddleware",
    "guanxi.foundation.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "guanxi.foundation.middleware.SeeingMiddleware",
    "guanxi.foundation.middleware.StaffOnlyMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "guanxi.foundation.access.middleware.SecondFactorMiddleware",
    "guanxi.foundation.access.middleware.SeenMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "guanxi.foundation.middleware.RefusalMiddleware",
]

ROOT_URLCONF = "guanxi.project.urls"
WSGI_APPLICATION = "guanxi.project.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "guanxi.foundation.shell.context",
            ],
        },
    }
]

DATABASE_URL = os.environ.get("GUANXI_DATABASE_URL") or f"sqlite:///{GUANXI_HOME / 'guanxi.sqlite3'}"
DATABASES = {"default": dj_database_url.parse(DATABASE_URL, conn_max_age=60, conn_health_checks=True)}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": (
            "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-65536;"
            "PRAGMA mmap_size=1073741824; PRAGMA temp_store=MEMORY;"
            "PRAGMA secure_delete=ON;"
        ),
    }
else:
    # What is asked often is read and planned once in a connection, which takes a fifth off the time of a page. Not
    # through a pooler that hands each transaction to another connection: docs/operate.md says how it is switched off.
    _options = DATABASES["default"].setdefault("OPTIONS", {})
    _options.setdefault("server_side_binding", True)
    _options.setdefault("prepare_threshold", 5 if _options["server_side_binding"] else None)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"}}

TASKS = {"default": {"BACKEND": "guanxi.foundation.tasks.backend.QueueBackend", "QUEUES": []}}

GUANXI_API_LIMIT = _number("GUANXI_API_LIMIT", "15000")  # requests a minute of each token; 0: as many as they like

# Webhooks: hosts that may be called though they lie within this network, and how often in a row a receiver may be left
# alone after failures before it is switched off.
GUANXI_WEBHOOK_HOSTS = _list("GUANXI_WEBHOOK_HOSTS", "")
# Mail: hosts within this network that may be mail servers; the largest message that is kept, in bytes.
GUANXI_MAIL_HOSTS = _list("GUANXI_MAIL_HOSTS", "")
GUANXI_MAIL_LARGEST = _number("GUANXI_MAIL_LARGEST", "25000000")
GUANXI_WEBHOOK_ROUNDS = _number("GUANXI_WEBHOOK_ROUNDS", "12")

# People.
AUTH_USER_MODEL = "foundation.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "guanxi.foundation.accounts.ClosedAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # who asks about a stranger's address sends him no mail
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_FORMS = {
    "login": "guanxi.foundation.forms.LoginForm",
    "change_password": "guanxi.foundation.forms.ChangePasswordForm",
    "reset_password": "guanxi.foundation.forms.ResetPasswordForm",
    "reset_password_from_key": "guanxi.foundation.forms.ResetPasswordKeyForm",
}
ACCOUNT_RATE_LIMITS = {"login_failed": "5/5m/key"}  # of second factors; passwords: GUANXI_LOCK_AFTER
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
GUANXI_LOCK_AFTER = _number("GUANXI_LOCK_AFTER", "5")  # failed attempts at one account
GUANXI_LOCK_ADDRESS_AFTER = _number("GUANXI_LOCK_ADDRESS_AFTER", "30")  # and from one address
GUANXI_LOCK_MINUTES = _number("GUANXI_LOCK_MINUTES", "15")

# Second factors: codes of an app (TOTP), passkeys, recovery codes.
MFA_ADAPTER = "guanxi.foundation.access.factors.Adapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Guanxi"
MFA_TOTP_TOLERANCE = 1  # clocks that are half a minute off
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not _https  # browsers allow it on this machine only
MFA_FORMS = {
    "authenticate": "guanxi.foundation.access.forms.AuthenticateForm",
    "reauthenticate": "guanxi.foundation.access.forms.ReauthenticateForm",
    "activate_totp": "guanxi.foundation.access.forms.ActivateForm",
    "add_webauthn": "guanxi.foundation.access.forms.AddPasskeyForm",
    "edit_webauthn": "guanxi.foundation.access.forms.RenamePasskeyForm",
}

# Single sign-on by OpenID Connect.
GUANXI_OIDC_ISSUER = os.environ.get("GUANXI_OIDC_ISSUER", "").rstrip("/")
GUANXI_OIDC_NAME = os.environ.get("GUANXI_OIDC_NAME") or "OpenID Connect"  # what the button of the log-in says
GUANXI_OIDC_ROLE = os.environ.get("GUANXI_OIDC_ROLE", "")  # of whom the provider knows and we do not; empty: nobody
GUANXI_OIDC_SECOND_FACTOR = os.environ.get("GUANXI_OIDC_SECOND_FACTOR", "") == "1"  # the provider asks for it
SOCIALACCOUNT_ADAPTER = "guanxi.foundation.access.signing_on.Adapter"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False  # ours looks for the mail address itself
SOCIALACCOUNT_LOGIN_ON_GET = True  # a form would be stopped by form-action on its way to the provider
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "sign-on",
                "name": GUANXI_OIDC_NAME,
                "client_id": os.environ.get("GUANXI_OIDC_CLIENT", ""),
                "secret": os.environ.get("GUANXI_OIDC_SECRET", ""),
                "settings": {"server_url": GUANXI_OIDC_ISSUER},
            }
        ]
        if GUANXI_OIDC_ISSUER
        else [],
    }
}

# What machines may know of the state of the installation (/metrics): who has the token, or asks from these addresses.
GUANXI_METRICS_TOKEN = os.environ.get("GUANXI_METRICS_TOKEN", "")
GUANXI_METRICS_FROM = _list("GUANXI_METRICS_FROM", "127.0.0.1,::1")

# Language.
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hant", "繁體中文"), ("zh-hans", "简体中文")]
LANGUAGE_COOKIE_NAME = "language"
LOCALE_PATHS = [CHECKOUT / "guanxi" / "locale"]
USE_I18N = True
FORMAT_MODULE_PATH = ["guanxi.project.formats"]

# Files that pages load: ours, and those of the npm packages named in package.json.
STATIC_URL = "static/"
STATIC_ROOT = Path(os.environ.get("GUANXI_STATIC") or CHECKOUT / "var" / "static")
_modules = CHECKOUT / "node_modules"
STATICFILES_DIRS = [
    (f"vendor/{name}", _modules / path)
    for name, path in {
        "alpine": "@alpinejs/csp/dist",
        "echarts": "echarts/dist",
        "inter": "@fontsource-variable/inter",
        "sortable": "sortablejs/modular",
        "tabler/css": "@tabler/core/dist/css",
    }.items()
    if (_modules / path).is_dir()
]
ICONS_DIR = _modules / "@tabler" / "icons" / "icons" / "outline"
ICONS_STRICT = DEBUG or "PYTEST_VERSION" in os.environ  # an unknown icon raises, instead of leaving a gap
GUANXI_S3_BUCKET = os.environ.get("GUANXI_S3_BUCKET", "")  # where files of records are kept; else under the home
# Scheduled backups: where, when, how many days, weeks and months of them are kept, and the public key they are for.
GUANXI_BACKUP_S3_BUCKET = os.environ.get("GUANXI_BACKUP_S3_BUCKET", "")
GUANXI_BACKUP_AT = _time("GUANXI_BACKUP_AT", "01:30")
GUANXI_BACKUP_KEEP = _numbers("GUANXI_BACKUP_KEEP", "7,4,6")
GUANXI_BACKUP_KEY = os.environ.get("GUANXI_BACKUP_KEY", "")
_s3 = {
    "bucket_name": GUANXI_S3_BUCKET,
    "endpoint_url": os.environ.get("GUANXI_S3_ENDPOINT") or None,
    "region_name": os.environ.get("GUANXI_S3_REGION") or None,
    "access_key": os.environ.get("GUANXI_S3_KEY") or None,
    "secret_key": os.environ.get("GUANXI_S3_SECRET") or None,
    "default_acl": None,
    "file_overwrite": True,
}
STORAGES = {
    "default": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": _s3}
    if GUANXI_S3_BUCKET
    else {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "guanxi.project.static.StaticStorage"},
    "backups": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": {**_s3, "bucket_name": GUANXI_BACKUP_S3_BUCKET}}
    if GUANXI_BACKUP_S3_BUCKET
    else {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": os.environ.get("GUANXI_BACKUPS") or str(GUANXI_HOME / "backups")},
    },
}
MEDIA_ROOT = GUANXI_HOME / "files"
DATA_UPLOAD_MAX_MEMORY_SIZE = 16_000_000  # ten thousand rows in one call of the API
GUANXI_FILE_LIMIT = _number("GUANXI_FILE_MB", "25") * 1024 * 1024  # the largest file that may hang on a record
FILE_UPLOAD_HANDLERS = [
    "guanxi.foundation.attachments.uploading.Limited",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

# Mail to colleagues (reports, notifications); without a server it is written to files under the home.
EMAIL_HOST = os.environ.get("GUANXI_MAIL_HOST", "")
EMAIL_PORT = _number("GUANXI_MAIL_PORT", "25")
EMAIL_HOST_USER = os.environ.get("GUANXI_MAIL_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("GUANXI_MAIL_PASSWORD", "")
EMAIL_USE_TLS = os.environ.get("GUANXI_MAIL_TLS", "") == "1"
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'filebased'}.EmailBackend"
EMAIL_FILE_PATH = GUANXI_HOME / "mail"
DEFAULT_FROM_EMAIL = os.environ.get("GUANXI_MAIL_FROM", "guanxi@localhost")
GUANXI_URL = os.environ.get("GUANXI_URL") or f"http://127.0.0.1:{PORT}"

GUANXI_SLOW_MS = _number("GUANXI_SLOW_MS", "0")  # statements that take longer are logged; 0: none
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request": {"()": "guanxi.foundation.logs.WithRequest"}},
    "formatters": {
        "text": {"format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"},
        "json": {"()": "guanxi.foundation.logs.AsJson"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": _one_of("GUANXI_LOG_FORMAT", "text", "json"),
            "filters": ["request"],
        }
    },
    "root": {"handlers": ["console"], "level": os.environ.get("GUANXI_LOG", "WARNING")},
}
