ASGI_APPLICATION = "shop.asgi.application"

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "shop",
        # Found again by nobody: the threads that serve requests change.
        "CONN_MAX_AGE": 600,
    }
}
