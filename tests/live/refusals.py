#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What is refused is said, in run records and in words, with the status that interface.md promises: netlink, descriptors,
standard streams that are closed, full disks. And an agent that has nothing to do does nothing."""
import errno
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
import refuse
from agent import ARCHIVE, FAST, ONE, PATIENCE, SOCKFEED, Agent, chain, config, is_run, main, until
from feed import librdkafka, parse
from netns import SKIPPED

CASES = ((errno.EPERM, "Operation not permitted (a sandbox without AF_NETLINK? systemd: RestrictAddressFamilies=)"),
         (errno.EAFNOSUPPORT, "RestrictAddressFamilies="), (errno.EMFILE, "Too many open files"),
         (errno.EPROTONOSUPPORT, "this kernel has no NETLINK_SOCK_DIAG"))


def query(*arguments, **more):
    done = subprocess.run([SOCKFEED, "query", *arguments], stderr=subprocess.PIPE, timeout=PATIENCE, text=True,
                          **{"stdout": subprocess.PIPE, **more})
    return done.returncode, done.stdout, done.stderr


class Netlink(unittest.TestCase):
    def setUp(self):
        if subprocess.run(["true"], preexec_fn=refuse.sock_diag(errno.EPERM), check=False).returncode == SKIPPED:
            self.skipTest("no seccomp here")

    def refused(self, run, code):
        self.assertEqual((run["type"], run["seq"], run["records"], run["partial"]), ("run", 0, 0, True))
        self.assertEqual([(e["table"], e["code"]) for e in run["errors"]], [("tcp", errno.errorcode[code])])

    def test_a_query_says_why_in_its_run_record_and_in_words(self):
        for code, words in CASES:
            status, out, said = query("state", "all", preexec_fn=refuse.sock_diag(code))
            self.assertEqual(status, 1)
            self.refused(parse(out.encode()), code)
            self.assertIn(words, said)
            self.assertEqual(said.count("\n"), 1)
            self.assertEqual(query("--format", "table", preexec_fn=refuse.sock_diag(code))[0::2], (1, said))

    def test_once_fails(self):
        agent = Agent(self, config(ONE), "--once", preexec_fn=refuse.sock_diag(errno.EPERM))
        records, status = agent.all()
        self.assertEqual((len(records), status), (1, 1))
        self.refused(records[0], errno.EPERM)
        self.assertIn("warning: query one: tcp: ", agent.log())

    def test_an_agent_goes_on_and_says_it_once(self):
        agent = Agent(self, config(FAST), preexec_fn=refuse.sock_diag(errno.EPERM))
        runs = [agent.run() for _ in range(4)]
        chain(self, runs)
        for run in runs:
            self.refused(run, errno.EPERM)
        self.assertEqual(agent.counts()["queries"]["fast"]["records"], 0)
        self.assertGreater(agent.counts()["queries"]["fast"]["errors"], 3)
        agent.signal(signal.SIGTERM)
        self.assertEqual(agent.all()[1], 0)
        self.assertEqual(agent.log().count("query fast"), 1)


class Several(unittest.TestCase):
    """Each different error of a run is said, in the log once as long as it stays."""
    PLACES = ("nosuch1", "nosuch2")

    def said(self, log, words):
        return [log.count(f"no namespace is named {word}") for word in words]

    def test_a_query_says_each(self):
        for form in "json", "table":
            status, _, said = query("--format", form, "--namespaces", ",".join(self.PLACES), "state", "all")
            self.assertEqual((status, said.count("\n")), (1, 2), said)
            self.assertEqual(self.said(said, self.PLACES), [1, 1])

    def test_the_log_says_each_once(self):
        agent = Agent(self, config(FAST.replace("}", ", namespaces: [self, nosuch1, nosuch2] }")))
        runs = [agent.run() for _ in range(4)]
        self.assertEqual([len(r["errors"]) for r in runs], [2] * 4)
        agent.signal(signal.SIGTERM)
        self.assertEqual(agent.all()[1], 0)
        self.assertEqual(self.said(agent.log(), self.PLACES), [1, 1])
        self.assertEqual(agent.log().count("query fast"), 2)


class Descriptors(unittest.TestCase):
    def test_too_few_are_an_error_in_words(self):
        """At each place where the next one may be refused; never a hang, never an empty success."""
        text = config(ONE.replace("console", "console, archive"), "  console: { type: stdout }\n" + ARCHIVE)
        good = 0
        for most in range(4, 40):
            agent = Agent(self, text, "--once", preexec_fn=refuse.descriptors(most))
            records, status = agent.all()
            if status == 127:  # the dynamic linker itself; with a sanitizer more of them
                continue
            said = agent.log()
            if status == 0:
                self.assertTrue(is_run(records[-1]) and not records[-1]["errors"], said)
                good += 1
                if good == 3:
                    return
                continue
            self.assertIn(status, (1, 78), said)
            self.assertRegex(said, "Too many open files|EMFILE|No file descriptors")
        self.fail("it never worked")


class Streams(unittest.TestCase):
    def closing(self, *numbers):
        def close():
            for number in numbers:
                os.close(number)
        return close

    def test_closed_ones_are_not_taken_by_other_files(self):
        for numbers in (0,), (2,), (0, 2), (0, 1), (1, 2), (0, 1, 2):
            agent = Agent(self, config(ONE.replace("console", "archive"), ARCHIVE), preexec_fn=self.closing(*numbers))
            until("a record", lambda: os.path.exists(agent.path("out.jsonl")) and os.path.getsize(agent.path("out.jsonl")))
            for number in numbers:
                self.assertEqual(os.readlink(f"/proc/{agent.process.pid}/fd/{number}"), "/dev/null")
            agent.signal(signal.SIGTERM)
            self.assertEqual(agent.status(), 0, (numbers, agent.log()))
            self.assertTrue(is_run(agent.file()[-1]))

    def test_without_stdin_or_stderr_records_come_all_the_same(self):
        for numbers in (0,), (2,), (0, 2):
            status, out, _ = query("state", "listening", preexec_fn=self.closing(*numbers))
            self.assertEqual((status, parse(out.encode())["type"]), (0, "run"))
            records, status = Agent(self, config(ONE), "--once", preexec_fn=self.closing(*numbers)).all()
            self.assertEqual((status, is_run(records[-1])), (0, True))

    def test_stdout_that_cannot_be_written_is_said(self):
        with open("/dev/full", "w") as full, open("/dev/null") as unwritable:
            for form in "json", "table":
                for out, words in ((full, "No space left on device"), (unwritable, "Bad file descriptor")):
                    status, _, said = query("--format", form, "state", "all", stdout=out)
                    self.assertEqual((status, said), (1, f"sockfeed: cannot write to stdout: {words}\n"))
                status, _, said = query("--format", form, preexec_fn=self.closing(1))
                self.assertEqual((status, said), (1, "sockfeed: cannot write to stdout: Bad file descriptor\n"))
            agent = Agent(self, config(ONE), stdout=unwritable)
            self.assertEqual(agent.status(), 1)
            self.assertIn("error: output console: standard output is closed", agent.log())
        agent = Agent(self, config(ONE), preexec_fn=self.closing(1))
        self.assertEqual(agent.status(), 1)
        self.assertIn("error: output console: standard output is closed", agent.log())


class Library(unittest.TestCase):
    """librdkafka brings TLS, SASL and the codecs with it: only who needs it has it."""
    KAFKA = config(ONE, "  console: { type: kafka, brokers: [\"localhost:9092\"], topic: t }\n")

    def test_who_has_no_output_to_kafka_does_not_load_it(self):
        agent = Agent(self, config(ONE))
        agent.run()
        with open(f"/proc/{agent.process.pid}/maps") as file:
            self.assertNotRegex(file.read(), "rdkafka|libcrypto")

    @unittest.skipIf(os.geteuid(), "only root may hide a file")
    def test_where_it_is_missing_a_check_says_so_where_the_output_stands(self):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(self.KAFKA)
            file.flush()
            hidden = f"mount --make-rprivate / && mount --bind /dev/null {librdkafka()} && exec {SOCKFEED} check -c {file.name}"
            done = subprocess.run(["unshare", "-m", "sh", "-c", hidden], capture_output=True, timeout=PATIENCE, text=True)
            seen = subprocess.run([SOCKFEED, "check", "-c", file.name], capture_output=True, timeout=PATIENCE, text=True)
        self.assertEqual((done.returncode, seen.returncode), (78, 0), done.stderr + seen.stderr)
        self.assertRegex(done.stderr, r":\d+:\d+: error: there is no librdkafka to be had: .*librdkafka\.so\.1")
        self.assertIn("install librdkafka 2.0.2 or newer", done.stderr)
        self.assertEqual(done.stderr.count("error:"), 1)


class Idle(unittest.TestCase):
    def switches(self, agent):
        """How often each thread has waited."""
        result = {}
        for task in os.listdir(f"/proc/{agent.process.pid}/task"):
            with open(f"/proc/{agent.process.pid}/task/{task}/status") as file:
                text = file.read()
            result[re.search("Name:\t(.*)", text)[1], task] = int(re.search(r"\nvoluntary_ctxt_switches:\t(\d+)", text)[1])
        return result

    @unittest.skipIf(os.environ.get("SANITIZE") == "thread", "the sanitizer has a thread that wakes up")
    def test_nobody_wakes_up_before_the_next_tick(self):
        text = config(ONE.replace("console", "console, archive"),
                      "  console: { type: stdout }\n" + ARCHIVE.replace("}", ", rotate: { compress: true } }"))
        agent = Agent(self, text)
        agent.run()
        until("the file", lambda: os.path.exists(agent.path("out.jsonl")) and os.path.getsize(agent.path("out.jsonl")))
        agent.counts()
        time.sleep(0.3)
        before = self.switches(agent)
        self.assertGreaterEqual(len(before), 4)
        time.sleep(2.5)
        self.assertEqual(self.switches(agent), before)


if __name__ == "__main__":
    main()
