from django.apps import AppConfig


class LettersConfig(AppConfig):
    name = "guanxi.foundation.letters"
    label = "letters"
