"""One settings file; what differs between installations comes from the environment (see docs/operating)."""

import sys
from pathlib import Path

from entrepot.config import database, env, rights

PACKAGE = Path(__file__).resolve().parent.parent
DATA_DIR = database.data_dir()

DEMONSTRATION = env.flag("ENTREPOT_DEMONSTRATION")
SECRET_KEY = env.text("ENTREPOT_SECRET_KEY") or database.local_secret(DATA_DIR)
DEBUG = False
ALLOWED_HOSTS = env.names("ENTREPOT_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.names("ENTREPOT_ORIGINS")
# Where people reach the shop, such as https://market.example; letters without it carry no links.
SITE_ADDRESS = env.text("ENTREPOT_SITE_ADDRESS").rstrip("/")
SECURE_TRANSPORT = env.flag("ENTREPOT_SECURE_TRANSPORT")

DOMAINS = [
    "accounts",
    "markets",
    "ledger",
    "terms",
    "logistics",
    "payments",
    "customs",
    "notices",
    "uploads",
    "routing",
    "sellers",
    "catalogue",
    "pricing",
    "inventory",
    "promotions",
    "inbound",
    "orders",
    "aftersales",
    "conversations",
    "settlement",
]
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "procrastinate.contrib.django",
    "ninja",
    "entrepot.kernel",
    *[f"entrepot.domain.{name}" for name in DOMAINS],
    "entrepot.demonstration",
    "entrepot.surfaces.shared",
]
MIDDLEWARE = [
    "entrepot.surfaces.shared.watching.WatchingMiddleware",
    "entrepot.surfaces.api.gate.GateMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "entrepot.surfaces.shared.middleware.LanguageMiddleware",
    "entrepot.surfaces.shared.middleware.PlainTextMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "entrepot.surfaces.shared.middleware.GuardMiddleware",
]
ROOT_URLCONF = "entrepot.config.urls"
WSGI_APPLICATION = "entrepot.config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE / "surfaces" / name / "templates" for name in ("shared", "shop", "seller", "desk", "jobs")],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    ["django.template.loaders.filesystem.Loader", "django.template.loaders.app_directories.Loader"],
                ),
            ],
            "builtins": [
                "django.templatetags.i18n",
                "entrepot.surfaces.shared.templatetags.entrepot",
                "entrepot.surfaces.shared.templatetags.frame",
                "entrepot.surfaces.shop.tags",
            ],
        },
    }
]

# "default" serves everything at run time; "owner" owns the tables and is used by migrations and by nothing else.
DATABASES = database.connections(DATA_DIR)
DATABASE_SERVER = database.server(DATA_DIR)  # hold() it while it is used
DATABASE_RIGHTS = rights.RIGHTS  # of the roles that a request or a job takes on
DATABASE_ROLES = rights.ROLES
DATABASE_OWN = rights.OWN  # tables of which a shopper sees rows of their own
# Statements that take longer are logged; 0 logs none.
SLOW_QUERY_MS = env.number("ENTREPOT_SLOW_QUERY_MS", 1000 if env.text(database.PART) == "web" else 0)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ATOMIC_REQUESTS = False

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none" if DEMONSTRATION else "mandatory"
ACCOUNT_ADAPTER = "entrepot.surfaces.shared.signing_in.Adapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "after_sign_in"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_TRANSPORT
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_TRANSPORT else 0
SECURE_SSL_REDIRECT = SECURE_TRANSPORT
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000

# How often doors may be knocked at is counted in memory; several web processes count each for themselves.
THROTTLED = env.flag("ENTREPOT_THROTTLED", default=True)
# How many proxies of one's own stand before this, each adding to X-Forwarded-For; 0 takes the connection's address.
PROXIES = env.number("ENTREPOT_PROXIES", 0)
ALLAUTH_TRUSTED_PROXY_COUNT = PROXIES
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 50_000}}}
# Failed sign-ins are counted by account and address or device together: see surfaces/shared/signing_in.py.
ACCOUNT_RATE_LIMITS: dict[str, str] | bool = {"login_failed": "10/m/ip,5/5m/key"} if THROTTLED else False

LANGUAGE_CODE = "en-gb"
LANGUAGES = [("en-gb", "English"), ("de", "Deutsch"), ("pt-br", "Português (Brasil)")]
LOCALE_PATHS = [PACKAGE / "locale"]
USE_I18N = USE_TZ = True
TIME_ZONE = "UTC"
USE_THOUSAND_SEPARATOR = True

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
WHITENOISE_USE_FINDERS = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
MEDIA_ROOT = DATA_DIR / "media"
MEDIA_URL = "/media/"

EMAIL_BACKEND = env.text("ENTREPOT_EMAIL_BACKEND") or (
    "entrepot.surfaces.jobs.folder.EmailBackend" if DEMONSTRATION else "django.core.mail.backends.smtp.EmailBackend"
)
EMAIL_FILE_PATH = DATA_DIR / "mail"
EMAIL_HOST = env.text("ENTREPOT_EMAIL_HOST", "localhost")
EMAIL_PORT = env.number("ENTREPOT_EMAIL_PORT", 25)
DEFAULT_FROM_EMAIL = env.text("ENTREPOT_EMAIL_FROM", "Entrepôt <market@localhost>")

# Ways to pay that shoppers are offered; the test card is for demonstrations.
PAYMENT_PROVIDERS = env.names("ENTREPOT_PAYMENT_PROVIDERS", "sandbox,manual" if DEMONSTRATION else "manual")
# Where a shopper who pays by bank transfer sends the money, as it is to be shown: name, IBAN or routing and account.
BANK_ACCOUNT = env.text("ENTREPOT_BANK_ACCOUNT", "Demonstration account, no money moves" if DEMONSTRATION else "")
SANDBOX_SECRET = env.text("ENTREPOT_SANDBOX_SECRET", SECRET_KEY)

# Web threads of one process, and how many of them orders may occupy before further ones are asked to come back.
WEB_THREADS = env.number("ENTREPOT_WEB_THREADS", 80)
ORDER_QUEUE = env.number("ENTREPOT_ORDER_QUEUE", max(1, WEB_THREADS * 4 // 5))

# A line of JSON each, or plain in a terminal; at INFO every request has one.
LOG_FORMATS = {"json": "entrepot.surfaces.shared.logs.Json", "plain": "entrepot.surfaces.shared.logs.Plain"}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": env.choice("ENTREPOT_LOG_FORMAT", LOG_FORMATS, "plain" if sys.stderr.isatty() else "json")}
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    # A refusal has its line of the request; Django's would name the address.
    "filters": {"defects": {"()": "entrepot.surfaces.shared.logs.Defects"}},
    "loggers": {"procrastinate": {"level": "WARNING"}, "django.request": {"filters": ["defects"]}},
    "root": {"handlers": ["stderr"], "level": env.text("ENTREPOT_LOG_LEVEL", "WARNING")},
}

# Where Prometheus asks: the web at this port, the jobs at the next; 0 for nowhere. It says everything to everybody.
METRICS_PORT = env.number("ENTREPOT_METRICS_PORT", 0)
METRICS_ADDRESS = env.text("ENTREPOT_METRICS_ADDRESS", "127.0.0.1")
# After the signal to stop the web says so at /readyz, and serves on, for so long. Units: seconds.
DRAIN_SECONDS = env.number("ENTREPOT_DRAIN_SECONDS", 0)
