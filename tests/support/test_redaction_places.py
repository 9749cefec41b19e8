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
        "SSL_KEY=/usr/include/C2/c++/12/Keys",
        "aws secretsmanager get-secret-value --secret-id prod/db-user",
        "instruction mnemonic: add sub mul and divide",
        "gh variable set NAME --body-file names.txt",
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
        ("role_id=x secret_id=ab556a3a-7118-4a4b-a2c8-d62d726cbea9", "ab556a3a-7118"),
        (f"Unseal Key 1: {'Ab3+' * 11}", "Ab3+Ab3+"),
        (f"vault operator unseal {'Ab3+' * 11}", "Ab3+Ab3+"),
        (f"Authorization of rancher: token-abcde:{'kx9v2q' * 9}", "kx9v2qkx9v2q"),
        (f"mnemonic: {' '.join(['abandon', 'ability', 'able'] * 4)}", "abandon ability"),
        ("activation code: URC3J-5GHZG-U8CP6-SA2V8", "URC3J-5GHZG"),
        ("NEPTUNE_API_TOKEN=/NFqNWngS/8kXNwA36o55Kn5j8/H+dkjtL8=", "kXNwA36o55Kn5j8"),
        ("_auth = /PFgOdUygG7ewY/I+BWgHoLYvOWBkHdA", "OdUygG7ewY"),
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


KEY = "kX9vT2qLmB7z"


@pytest.mark.parametrize(
    "text",
    [
        f"AWS Secret Access Key [None]: {KEY}",
        f"wandb: ERROR api_key invalid: {KEY}",
        f"api_key\n  String should have at least 40 characters [input_value='{KEY}', input_type=str]",
        f'"github-oauth": {{"github.example": "{KEY}"}}',
        f"WIFI:S:Lab;T:WPA;P:{KEY};;",
        f"wifi.setup('lab', '{KEY}')",
        f'WiFi.begin("lab", "{KEY}/a");',
        f'char auth[] = "{KEY}";',
        f"requests.get(url, params={{'key': '{KEY}'}})",
        f"credentials = ('bob', '{KEY}')",
        f"docker swarm join --x SWMTKN-1-{KEY * 2}",
        f"<AdministratorPassword><Value>{KEY}</Value></AdministratorPassword>",
        f"winrm -u:bob -p:{KEY}",
        f"vncpasswd -f <<< {KEY}",
        f"printf %s {KEY} | gh auth login --with-token",
        f"iwconfig wlan0 key s:{KEY}",
        f"rclone obscure {KEY}",
        f"_gh_sess={KEY}; path=/",
        f"SAMLResponse={KEY * 2}&RelayState=x",
        f"BUNDLE_ENTERPRISE__CONTRIBSYS__COM={KEY}:{KEY}",
        "bindpw walnutsaddle",
        "client.username_pw_set('u', 'walnutsaddle')",
        f"CLIENT_RANDOM {'ab12' * 16} {'cd34' * 24}",
        f"4b1d{KEY * 3}aB",
        f"sl.{KEY * 11}",
        "sdk-0c0ffee1-12ab-34cd-56ef-0123456789ab",
        f"sk_{'0a1b' * 12}",
    ],
)
def test_where_else_secrets_stand(text):
    found = Redactor().text(text)
    left = (KEY, "walnutsaddle", "cd34cd34", "0c0ffee1", "0a1b0a1b")
    assert "****" in found
    assert not [one for one in left if one in found]


@pytest.mark.parametrize(
    "text",
    [
        "docker run -v `pwd`:/workdir -v $(pwd):/work x",
        "docker run --user $(id -u):$(id -g) x",
        'enc = SimpleBytePairEncoding.from_tiktoken("cl100k_base")',
        "sdk-build-tools-34.0.0",
        "sl.so.1",
    ],
)
def test_what_only_looks_like_these_stays(text):
    assert Redactor().text(text) == text
