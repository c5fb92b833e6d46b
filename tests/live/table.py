#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`sockfeed query` as someone at a terminal sees it: a table that fits, in colours where they are wanted, and what it does not
show is said; JSON lines elsewhere. The records of the same sockets are the witness of what stands in the cells."""
import datetime
import json
import os
import re
import socket
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
import feed
import netns
import terminal
import world as worlds

WIDTHS = (40, 60, 72, 80, 81, 100, 120, 132, 160, 200, 250)
ESSENTIAL = ["state", "local", "peer"]
ALL = ESSENTIAL[:1] + ["recv_q", "send_q"] + ESSENTIAL[1:] + ["rtt_us", "cwnd", "retrans", "timer", "uid", "cc", "rate", "inode"]
ESCAPE = re.compile("\x1b\\[[0-9;]*m")


def query(*words, **more):
    return terminal.run([feed.SOCKFEED, "query", *words], **{"NO_COLOR": None, "TERM": "xterm", **more})


def cells(done):
    """(headings, rows): cells of a table without empty ones."""
    lines = ESCAPE.sub("", done.out).splitlines()
    return lines[0].split(), [line.split() for line in lines[1:]]


def end(record, name, absent="*"):
    if name not in record:
        return absent
    address, port = record[name]["address"], record[name]["port"]
    return f"[{address}]:{port}" if record["family"] == "inet6" else f"{address}:{port}"


class Table(unittest.TestCase):
    def test_every_line_fits_and_no_blanks_trail(self):
        counts = []
        for width in WIDTHS:
            done = query("state", "all", "family = inet", width=width)
            self.assertEqual((done.status, done.err), (0, ""))
            headings, rows = cells(done)
            counts.append(len(headings))
            self.assertEqual(headings, [name for name in ALL if name in headings])
            self.assertLessEqual(set(ESSENTIAL), set(headings))
            for line in ESCAPE.sub("", done.out).splitlines():
                self.assertEqual(line, line.rstrip())
                if headings != ESSENTIAL:
                    self.assertLessEqual(len(line), width)
            self.assertTrue(all(len(row) == len(headings) for row in rows))
        self.assertEqual(counts, sorted(counts))
        self.assertEqual((counts[0], counts[-1]), (len(ESSENTIAL), len(ALL)))

    def test_a_usual_terminal_shows_queues_and_ends_of_ipv4(self):
        headings, _ = cells(query("state", "all", "family = inet", width=80))
        self.assertEqual(headings[:5], ALL[:5])

    def test_columns_stand_below_each_other(self):
        lines = ESCAPE.sub("", query("state", "all", width=250).out).splitlines()
        for at, name in enumerate(ALL):
            numeric = name in ("recv_q", "send_q", "rtt_us", "cwnd", "retrans", "uid", "rate", "inode")
            found = [list(re.finditer(r"\S+", line))[at] for line in lines]
            self.assertEqual(len({cell.end() if numeric else cell.start() for cell in found}), 1, name)

    def test_cells_say_what_the_records_say(self):
        _, rows = cells(query("state", "all", width=250))
        shown = {tuple(row[:5]) for row in rows}
        for record in feed.run(["state", "all"])[0]:
            made = world.sockets.get(int(record["cookie"]))
            if not made or not made.idle:
                continue
            queues = record.get("listen", {"backlog": record.get("recv_q_bytes", "-"),
                                           "backlog_limit": record.get("send_q_bytes", "-")})
            self.assertIn((record["state"], str(queues["backlog"]), str(queues["backlog_limit"]), end(record, "local"),
                           end(record, "peer")), shown)
            row = next(row for row in rows if row[3] == end(record, "local") and row[4] == end(record, "peer"))
            tcp = record.get("tcp", {})
            expected = (tcp.get("rtt_us", "-"), tcp.get("snd_cwnd", "-"), tcp.get("total_retrans", "-"), record["timer"]["name"],
                        record.get("uid", "-"), tcp.get("congestion_control", "-"))
            self.assertEqual(row[5:11], [str(value) for value in expected])
            self.assertEqual(row[12], str(record.get("inode", "-")))
            self.assert_rate(row[11], tcp.get("delivery_rate_bytes_per_s"))

    def assert_rate(self, text, rate):
        if rate is None:
            self.assertEqual(text, "-")
            return
        found = re.fullmatch(r"(\d+(?:\.\d+)?)([kMGT]?)B/s", text)
        self.assertTrue(found, text)
        self.assertLessEqual(len(found[1]), 4)
        self.assertAlmostEqual(float(found[1]) * 1000 ** " kMGT".index(found[2] or " "), rate, delta=rate / 150 + 1)

    def test_fields_that_were_named_are_the_columns(self):
        done = query("state", "all", "--fields", "local,tcp.rtt_us,tcp.options", width=100)
        headings, rows = cells(done)
        self.assertEqual(headings, ["local.address", "local.port", "tcp.options", "tcp.rtt_us"])
        self.assertTrue(rows)
        self.assertTrue(all(len(row) == len(headings) for row in rows))
        self.assertIn("[]", [row[2] for row in rows])  # no option at all is not the same as not known

    def test_sockets_that_have_a_type_show_it(self):
        ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        headings, rows = cells(query("state", "all", "--sockets", "unix", width=200))
        for end in ends:
            end.close()
        self.assertEqual(headings[:2], ["state", "type"])
        self.assertIn("seqpacket", {row[1] for row in rows})
        self.assertLessEqual({row[1] for row in rows}, {"stream", "dgram", "seqpacket"})

    def test_named_columns_that_do_not_fit_are_said(self):
        done = query("state", "all", "--fields", "tcp", width=80)
        fit = len(cells(done)[0])
        self.assertTrue(all(len(line) <= 80 for line in done.lines()))
        number = re.search(r"(\d+) columns do not fit", done.err)
        everything = query("state", "all", "--fields", "tcp", "--format", "table", out_terminal=False)
        self.assertEqual(int(number[1]), len(cells(everything)[0]) - fit)

    def test_a_pipe_gets_every_column_of_a_table(self):
        done = query("state", "all", "--format", "table", out_terminal=False, err_terminal=False)
        self.assertEqual(cells(done)[0], ALL)
        self.assertEqual(done.err, "")

    def test_a_limit_says_how_many_it_cut(self):
        done = query("state", "listening", "--limit", "2")
        self.assertEqual(len(done.lines()), 3)
        cut = len(feed.run(["state", "listening"])[0]) - 2
        self.assertIn(f"{cut} more; raise --limit", done.err)

    def test_runs_of_an_interval_are_told_apart(self):
        done = query("state", "listening", "--interval", "100ms", "--count", "3", width=80)
        self.assertEqual(len([line for line in done.lines() if line.startswith("state")]), 3)
        self.assertEqual(done.lines().count(""), 2)

    def test_each_run_of_an_interval_says_when_it_was(self):
        for words in ("state", "listening"), ("sport", "=", ":1"):
            before = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(milliseconds=1)
            lines = query(*words, "--interval", "100ms", "--count", "2", width=80).lines()
            times = [datetime.datetime.fromisoformat(line.replace("Z", "+00:00"))
                     for line, head in zip(lines, lines[1:]) if head.startswith("state")]
            self.assertEqual(len(times), 2, lines)
            self.assertLessEqual(before, times[0])
            self.assertLess(times[0], times[1])
            self.assertLess(times[1], datetime.datetime.now(datetime.timezone.utc))
        self.assertTrue(query("state", "listening").out.startswith("state"))


class Colours(unittest.TestCase):
    def test_trouble_is_coloured_on_a_terminal_alone(self):
        words = ("state", "close-wait", "state", "established")
        coloured = query(*words, width=200)
        for line in coloured.lines()[1:]:
            self.assertEqual(line.startswith("\x1b[31mclose-wait\x1b[0m "), line.find("close-wait") >= 0, line)
        self.assertIn("close-wait", coloured.out)
        for more in ({"NO_COLOR": "1"}, {"TERM": "dumb"}, {"out_terminal": False}):
            plain = query(*words, "--format", "table", width=200, **more)
            self.assertNotIn("\x1b", plain.out, more)
            self.assertIn("close-wait", plain.out)
        self.assertIn("\x1b", query(*words, NO_COLOR="").out)

    def test_a_backlog_that_is_full_is_trouble(self):
        for line in query("state", "listening", width=200).lines()[1:]:
            recv_q, send_q = map(int, ESCAPE.sub("", line).split()[1:3])
            self.assertEqual("\x1b" in line, recv_q >= send_q, line)


class Hidden(unittest.TestCase):
    def test_what_usual_states_hide_is_counted_on_a_terminal(self):
        every = len(feed.run(["state", "all"])[0])
        usual = len(feed.run([])[0])
        self.assertGreater(every, usual)
        self.assertEqual(query().err, f"{every - usual} hidden; add `state all`\n")

    def test_it_is_counted_with_the_rest_of_the_filter(self):
        every = len(feed.run(["state", "all", "sport", "=", ":443"])[0])
        usual = len(feed.run(["sport", "=", ":443"])[0])
        self.assertEqual(query("sport", "=", ":443").err, f"{every - usual} hidden; add `state all`\n")

    def test_nothing_is_said_where_nothing_is_hidden_or_nobody_reads(self):
        self.assertEqual(query("state", "all").err, "")
        self.assertEqual(query("state", "established").err, "")
        self.assertEqual(query("sport", "=", ":1").err, "")
        self.assertEqual(query(err_terminal=False).err, "")
        self.assertEqual(query(out_terminal=False).err, "")

    def test_it_is_said_once(self):
        self.assertEqual(query("--interval", "100ms", "--count", "3").err.count("hidden"), 1)


class Elsewhere(unittest.TestCase):
    def test_a_pipe_gets_json(self):
        done = query("state", "all", out_terminal=False)
        self.assertEqual([json.loads(line)["type"] for line in done.lines()][-1], "run")
        self.assertGreater(len(done.lines()), 10)

    def test_json_may_be_asked_for_on_a_terminal(self):
        self.assertTrue(all(json.loads(line) for line in query("state", "listening", "--format", "json").lines()))

    def test_a_reader_that_goes_away_ends_it_with_1(self):
        for form in ("table", "json"):
            command = [feed.SOCKFEED, "query", "state", "all", "--format", form, "--interval", "100ms"]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.addCleanup(process.kill)
            process.stdout.readline()
            process.stdout.close()
            self.assertEqual(process.wait(terminal.PATIENCE), 1, form)
            self.assertEqual(process.stderr.read(), b"", form)
            process.stderr.close()

    def test_a_reader_that_was_never_there_is_a_failure(self):
        for form in ("table", "json"):
            ours, theirs = os.pipe()
            os.close(ours)
            done = subprocess.run([feed.SOCKFEED, "query", "state", "all", "--format", form], stdout=theirs, stderr=subprocess.PIPE)
            os.close(theirs)
            self.assertEqual((done.returncode, done.stderr), (1, b""), form)

    def test_a_pipe_that_does_not_block_is_waited_for(self):
        ours, theirs = os.pipe()
        os.set_blocking(theirs, False)
        process = subprocess.Popen([feed.SOCKFEED, "query", "state", "all"], stdout=theirs, stderr=subprocess.PIPE)
        self.addCleanup(process.kill)
        os.close(theirs)
        time.sleep(0.2)  # it is full by now
        with open(ours, "rb") as file:
            lines = file.read().splitlines()
        self.assertEqual((process.wait(terminal.PATIENCE), process.stderr.read()), (0, b""))
        process.stderr.close()
        self.assertEqual(json.loads(lines[-1])["records"], len(lines) - 1)
        self.assertGreater(sum(map(len, lines)), 65536)

    def test_a_full_disk_is_said(self):
        for form in ("table", "json"):
            with open("/dev/full", "w") as full:
                done = subprocess.run([feed.SOCKFEED, "query", "state", "all", "--format", form], stdout=full,
                                      stderr=subprocess.PIPE, text=True)
            self.assertEqual(done.returncode, 1, form)
            self.assertEqual(done.stderr, "sockfeed: cannot write to stdout: No space left on device\n", form)

    def test_an_interrupt_ends_an_interval_in_order(self):
        for form, lines in (("table", 2), ("json", 2)):
            done = query("state", "listening", "--format", form, "--interval", "100ms",
                         interrupt=lambda text, lines=lines: text.count("\n") >= lines)
            self.assertEqual((done.status, done.err), (0, ""), form)
            self.assertTrue(done.out.endswith("\n"), form)


netns.enter()
world = worlds.make()
if __name__ == "__main__":
    sys.exit(not unittest.main(exit=False, verbosity=2).result.wasSuccessful())
