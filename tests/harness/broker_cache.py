# SPDX-License-Identifier: Apache-2.0
"""What a Kafka broker and its clients need beyond Debian's packages, fetched once: Kafka's jars (by Maven), the Python
package confluent-kafka (by pip), and the directories that a node starts from, formatted. Parallel callers fetch once.
"""
import base64
import glob
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
import uuid

from cache import Broken, once, root

KAFKA, CONFLUENT = "3.9.1", "2.16.1"
USER, PASSWORD = "agent", "secret"  # of SCRAM-SHA-256, SCRAM-SHA-512 and PLAIN
MOST_NODES = 3
TRIES, PAUSE = 3, 5  # for what a network may fail to bring
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
JAVA = ["java", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-Djava.awt.headless=true"]

POM = """<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>sockfeed</groupId><artifactId>broker</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{0}</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>{0}</version></dependency>
  </dependencies>
</project>
""".format(KAFKA)

LOGGING = """log4j.rootLogger=WARN, out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%d{ISO8601} %p %c: %m%n
"""

FORMAT = """process.roles=broker,controller
node.id={number}
controller.quorum.voters={number}@127.0.0.1:1
listeners=PLAINTEXT://127.0.0.1:2,CONTROLLER://127.0.0.1:1
controller.listener.names=CONTROLLER
log.dirs={directory}
"""


def run(*words, tries=1):
    """Quiet unless it fails; what may fail by a network is tried again."""
    for left in reversed(range(tries)):
        try:
            done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        except FileNotFoundError:
            raise Broken(f"{words[0]} is missing; `tests/kafka/broker up` installs what is needed") from None
        if done.returncode == 0:
            return
        if left:
            time.sleep(PAUSE)
    shown = " ".join(word if len(word) < 200 else "..." for word in words)
    raise Broken(f"{shown}: status {done.returncode}\n{done.stdout.decode(errors='replace')[-4000:]}")


def fetch_jars(folder):
    pom = os.path.join(folder, "pom.xml")
    with open(pom, "w") as file:
        file.write(POM)
    with open(os.path.join(folder, "log4j.properties"), "w") as file:
        file.write(LOGGING)
    libs = os.path.join(folder, "libs")
    run("mvn", "-B", "-q", "-f", pom, "dependency:copy-dependencies", f"-DoutputDirectory={libs}", tries=TRIES)
    if not glob.glob(os.path.join(libs, f"kafka-server-{KAFKA}.jar")):
        raise Broken(f"Maven brought no kafka-server-{KAFKA}.jar")


def kafka():
    return once(f"kafka-{KAFKA}", fetch_jars)


def java(*properties):
    """The words that start Java with Kafka's classes; the name of a main class and its arguments follow."""
    jars = sorted(glob.glob(os.path.join(kafka(), "libs", "*.jar")))
    logging = os.path.join(kafka(), "log4j.properties")
    return [*JAVA, f"-Dlog4j.configuration=file:{logging}", *properties, "-cp", ":".join(jars)]


def random_id():
    """As Kafka makes them; one that began with a dash would be taken for an option."""
    made = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
    return random_id() if made.startswith("-") else made


def format_nodes(folder):
    for number in range(1, MOST_NODES + 1):
        properties = os.path.join(folder, f"{number}.properties")
        with open(properties, "w") as file:
            file.write(FORMAT.format(number=number, directory=os.path.join(folder, str(number))))
        users = []
        for mechanism in "SCRAM-SHA-256", "SCRAM-SHA-512":
            users += "--add-scram", f"{mechanism}=[name={USER},password={PASSWORD}]"
        run(*java(), "kafka.tools.StorageTool", "format", "-t", random_id(), "-c", properties, *users)


def format_node(number, cluster, directory):
    """Writes what a node of that cluster starts with. Formatting costs a start of Java: copied, with the cluster's id."""
    formatted = once(f"kafka-{KAFKA}-formatted", format_nodes)
    shutil.copytree(os.path.join(formatted, str(number)), directory)
    meta = os.path.join(directory, "meta.properties")
    with open(meta) as file:
        lines = [f"cluster.id={cluster}\n" if line.startswith("cluster.id=") else line for line in file]
    with open(meta, "w") as file:
        file.writelines(lines)


def fetch_package(folder):
    with tempfile.TemporaryDirectory() as scratch:
        run(sys.executable, "-m", "venv", scratch)
        run(os.path.join(scratch, "bin", "pip"), "install", "-q", "--no-input", "--only-binary", ":all:", "--target",
            folder, f"confluent-kafka=={CONFLUENT}", tries=TRIES)


def confluent_kafka():
    """The module, in a folder for this very Python; nothing is installed where others would see it."""
    version = sysconfig.get_config_var("SOABI")
    folder = once(f"confluent-kafka-{CONFLUENT}-{version}", fetch_package)
    if folder not in sys.path:
        sys.path.append(folder)
    import confluent_kafka.admin
    return confluent_kafka


def install():
    """Debian's packages, as the other programs of this tree install theirs."""
    packages = os.path.join(ROOT, "deploy", "packages")
    done = subprocess.run(["bash", "-euc", '. "$1" && packages_install kafka', "install", packages],
                          stdin=subprocess.DEVNULL)
    if done.returncode:
        raise Broken("packages are missing")


def prepare():
    """Everything that needs a network."""
    install()
    kafka()
    once(f"kafka-{KAFKA}-formatted", format_nodes)
    confluent_kafka()
