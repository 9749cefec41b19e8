"""Tokens in the shapes that vendors give them, made from a seed; none was ever anybody's."""

from __future__ import annotations

import string

LETTERS = string.ascii_letters
ALNUM = LETTERS + string.digits
HEX = "0123456789abcdef"
BASE64 = ALNUM + "+/"
BASE64_URL = ALNUM + "-_"


def pick(r, alphabet, length):
    return "".join(r.choice(alphabet) for _ in range(length))


def mixed(r, alphabet, length):
    """A text with a digit and a letter in its first ten characters, as nearly every random one has."""
    return r.choice(LETTERS) + r.choice(string.digits) + pick(r, alphabet, length - 2)


GITLAB = ("glpat-", "glrt-", "glptt-", "gldt-", "glcbt-", "glft-", "gloas-")
TOKENS = {
    "airtable": lambda r: f"pat{mixed(r, ALNUM, 14)}.{pick(r, HEX, 64)}",
    "posthog": lambda r: "phx_" + mixed(r, ALNUM, 40),
    "github": lambda r: r.choice(["ghp_", "gho_", "ghu_", "ghs_", "ghr_"]) + mixed(r, ALNUM, 36),
    "github-fine": lambda r: f"github_pat_{mixed(r, ALNUM, 22)}_{mixed(r, ALNUM, 59)}",
    "gitlab": lambda r: r.choice(GITLAB) + mixed(r, BASE64_URL, 20) + "a",
    "google-key": lambda r: "AIza" + pick(r, BASE64_URL, 35),
    "google-secret": lambda r: "GOCSPX-" + mixed(r, ALNUM, 28),
    "google-oauth": lambda r: "ya29." + mixed(r, ALNUM, 80),
    "google-refresh": lambda r: "1//0" + mixed(r, ALNUM, 60),
    "slack": lambda r: f"xox{r.choice('abpe')}-{pick(r, string.digits, 12)}-{mixed(r, ALNUM, 24)}",
    "slack-app": lambda r: f"xapp-1-A{mixed(r, ALNUM, 10)}-{pick(r, string.digits, 13)}-{pick(r, HEX, 64)}",
    "stripe": lambda r: r.choice(["sk_live_", "sk_test_", "rk_live_"]) + mixed(r, ALNUM, 24),
    "webhook-secret": lambda r: "whsec_" + mixed(r, ALNUM, 32),
    "telegram": lambda r: f"{pick(r, '123456789', 10)}:AA{pick(r, BASE64_URL, 32)}x",
    "sendgrid": lambda r: f"SG.{mixed(r, ALNUM, 22)}.{mixed(r, ALNUM, 43)}",
    "digitalocean": lambda r: "dop_v1_" + pick(r, HEX, 64),
    "databricks": lambda r: "dapi" + mixed(r, HEX, 32),
    "docker": lambda r: "dckr_pat_" + mixed(r, ALNUM, 27),
    "vault": lambda r: "hvs." + mixed(r, ALNUM, 90),
    "artifactory": lambda r: "AKCp" + mixed(r, ALNUM, 69),
    "azure": lambda r: f"{pick(r, ALNUM, 3)}8Q~{pick(r, ALNUM + '_.~-', 33)}a",
    "aws": lambda r: r.choice(["AKIA", "ASIA"]) + pick(r, string.ascii_uppercase + string.digits, 16),
    "hugging-face": lambda r: "hf_" + pick(r, LETTERS, 34),
    "pypi": lambda r: "pypi-AgEIcHlwaS5vcmc" + mixed(r, ALNUM, 100),
    "npm": lambda r: "npm_" + mixed(r, ALNUM, 36),
    "openai": lambda r: "sk-proj-" + mixed(r, ALNUM, 48),
    "anthropic": lambda r: "sk-ant-api03-" + mixed(r, ALNUM, 93),
    "kaggle": lambda r: "KGAT_" + pick(r, HEX, 31) + "7",
    "nvidia": lambda r: "nvapi-" + mixed(r, ALNUM, 60),
    "discord": lambda r: f"M{mixed(r, ALNUM, 23)}.{pick(r, ALNUM, 6)}.{pick(r, ALNUM, 38)}",
    "mailgun": lambda r: "key-" + mixed(r, HEX, 32),
    "mailchimp": lambda r: f"{pick(r, HEX, 32)}-us{r.randint(1, 20)}",
    "twilio": lambda r: "SK" + pick(r, HEX, 32),
    "shopify": lambda r: "shpat_" + pick(r, HEX, 31) + "7",
    "atlassian": lambda r: "ATATT3xFfGF0" + mixed(r, ALNUM, 170),
    "grafana": lambda r: "glsa_" + mixed(r, ALNUM, 32) + "_" + pick(r, HEX, 8),
    "new-relic": lambda r: "NRAK-" + mixed(r, string.ascii_uppercase + string.digits, 27),
    "postman": lambda r: f"PMAK-{mixed(r, HEX, 24)}-{pick(r, HEX, 34)}",
    "linear": lambda r: "lin_api_" + mixed(r, ALNUM, 40),
    "notion": lambda r: "ntn_" + mixed(r, ALNUM, 46),
    "sentry": lambda r: "sntryu_" + pick(r, HEX, 63) + "7",
    "doppler": lambda r: "dp.pt." + mixed(r, ALNUM, 43),
    "terraform": lambda r: f"{pick(r, ALNUM, 14)}.atlasv1.{pick(r, ALNUM, 67)}",
    "age": lambda r: "AGE-SECRET-KEY-1" + mixed(r, string.ascii_uppercase + string.digits, 58),
    "jwt": lambda r: f"eyJ{pick(r, ALNUM, 20)}.eyJ{pick(r, ALNUM, 40)}.{pick(r, BASE64_URL, 42)}a",
    "adobe": lambda r: "p8e-" + mixed(r, ALNUM, 32),
    "lob": lambda r: r.choice(["live_", "test_"]) + pick(r, HEX, 34) + "7",
    "maxmind": lambda r: f"{pick(r, ALNUM, 6)}_{pick(r, ALNUM, 29)}_mmk",
    "nuget": lambda r: "oy2" + pick(r, string.ascii_lowercase + string.digits, 43),
    "plaid": lambda r: "access-sandbox-" + "-".join(pick(r, HEX, size) for size in (8, 4, 4, 4, 12)),
    "yandex": lambda r: "YC" + mixed(r, BASE64_URL, 37) + "a",
    "neon": lambda r: "napi_" + mixed(r, string.ascii_lowercase + string.digits, 64),
    "crypt": lambda r: f"$6${pick(r, ALNUM, 16)}${pick(r, ALNUM + './', 86)}",
}
