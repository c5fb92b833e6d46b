# SPDX-License-Identifier: Apache-2.0
"""Certificates for a broker and its clients, by openssl: good ones, and of each kind of bad one that a client must refuse.

In a folder: ca.pem signed all of them but other-ca.pem's (nothing). server.pem, expired.pem, elsewhere.pem: key and
certificate in one file, as Kafka reads it. client.pem, client.key: for a client; client-locked.key is the same, encrypted
with LOCKED.
"""
import os
import subprocess

from broker_cache import Broken

LOCKED = "opensesame"
HERE = "DNS:localhost,IP:127.0.0.1"
ELSEWHERE = "DNS:elsewhere.example"
CLIENT = "client"  # the name of its certificate: User:client

SETTINGS = """[ca]
default_ca = signer
[signer]
database = index
new_certs_dir = .
serial = serial
certificate = ca.pem
private_key = ca.key
default_md = sha256
unique_subject = no
copy_extensions = copy
policy = policy
[policy]
commonName = supplied
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
"""


def openssl(folder, *words):
    done = subprocess.run(["openssl", *words], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, env={**os.environ, "OPENSSL_CONF": os.path.join(folder, "settings")})
    if done.returncode:
        raise Broken(f"openssl {' '.join(words)}: {done.stdout.decode(errors='replace')}")


def authority(folder, name):
    openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650",
            "-subj", f"/CN={name}", "-extensions", "authority", "-keyout", f"{name}.key", "-out", f"{name}.pem")


def signed(folder, name, common, names, start="20200101000000Z", end="20991231000000Z"):
    openssl(folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={common}",
            *(["-addext", f"subjectAltName={names}"] if names else []), "-keyout", f"{name}.key", "-out", f"{name}.csr")
    openssl(folder, "ca", "-batch", "-notext", "-startdate", start, "-enddate", end, "-in", f"{name}.csr",
            "-out", f"{name}.pem")


def make(folder):
    os.makedirs(folder, exist_ok=True)
    for name, text in ("settings", SETTINGS), ("index", ""), ("serial", "01\n"):
        with open(os.path.join(folder, name), "w") as file:
            file.write(text)
    authority(folder, "ca")
    authority(folder, "other-ca")
    signed(folder, CLIENT, CLIENT, None)
    openssl(folder, "pkey", "-in", "client.key", "-aes256", "-passout", f"pass:{LOCKED}", "-out", "client-locked.key")
    for name, names, dates in (("server", HERE, ()), ("elsewhere", ELSEWHERE, ()),
                               ("expired", HERE, ("20200101000000Z", "20200201000000Z"))):
        signed(folder, name, "broker", names, *dates)
        with open(os.path.join(folder, f"{name}.key")) as key, open(os.path.join(folder, f"{name}.pem"), "r+") as file:
            text = key.read() + file.read()
            file.seek(0)
            file.write(text)
