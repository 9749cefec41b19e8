"""Secrets that only the place in which they stand tells, and words in such a place that are none."""

import pytest

from envdoctor.support.redaction import Redactor


@pytest.mark.parametrize(
    "text",
    [
        "tls:\n  key: {}Q8wE\n",
        "SALT={}",
        "PASSWORD_SALT: {}",
        "login: joe / {}",
        "Login: joe:{}",
        'password = getpass() or "{}"',
        "token = input('token? ') or '{}'",
        'password = os.getenv("PW", "{}")',
        "secret = ask() if tty else '{}'",
    ],
)
def test_what_stands_in_for_a_secret_is_one(text):
    assert "kX9vT2qLmB7z" not in Redactor().text(text.format("kX9vT2qLmB7z"))


@pytest.mark.parametrize(
    "text",
    [
        "key: pip-linux-a1b2c3d4",
        "key: MobileNetV2Quantized",
        'tokenizer = load("bert-base", "float16")',
        "user: 1000:1000",
        "login: https://host1.example/a1b2c3d4",
        "salt: 12",
    ],
)
def test_what_only_looks_like_it_stays(text):
    assert Redactor().text(text) == text


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("pin: 483920", "483920"),
        ('"pin": "48392011"', "48392011"),
        ("pkcs11-tool --login --pin 483920 -O", "483920"),
        ("SIM PIN: 4839", "4839"),
        ("Your PIN is 4839", "4839"),
        ('aiohttp.BasicAuth("joe", "geheim")', "geheim"),
        ("router# set password geheim", "geheim"),
        ("SET PASSWORD FOR 'joe'@'%' = 'geheim'", "geheim"),
        ("the pass phrase is offenSesam", "offenSesam"),
        (f"1/{'12' * 8}:{'0a1b' * 8}", "0a1b" * 8),
        (f"2/{'12' * 8}/{'34' * 8}:{'0a1b' * 8}", "0a1b" * 8),
        ("mysql -ptest", "test"),
        ("unzip -P test x.zip", "test"),
        ("https://host1.example/cb?code=ABC123", "ABC123"),
    ],
)
def test_secrets_of_few_characters_are_told_by_their_place(text, secret):
    assert secret not in Redactor().text(text)


@pytest.mark.parametrize(
    "text",
    [
        "https://host1.example/explain?code=PKG001",
        "https://host1.example/explain?lang=en&code=LIB004#top",
        "unzip -P is an option",
        "the -P option of zip: zip -P <password> takes a password",
        "mysql -p asks for it",
        "GPIO pin: 12345",
        "gpio pin = 1021",
        "pin: 17",
        "version pin: 20240101",
        "pin: 20240101",
        "pin: 1234.5",
        "pinned: 123456",
        'BasicAuth("username", "password")',
        "> set password policy",
        "set password again",
        "the pass phrase is wrong",
        "1/3 of 2/3",
    ],
)
def test_what_stands_in_such_a_place_and_is_none_stays(text):
    assert Redactor().text(text) == text
