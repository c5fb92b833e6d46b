#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The proof of completeness on streams made by hand: it holds where nothing is missing, and names what is, for each kind of
hole. Needs no broker."""
import json
import os
import random
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "harness"))
from proof import complete, judge

PATH = os.path.join(HERE, "complete")

class Host:
    """Makes records; each is a millisecond later than the one before."""

    def __init__(self, name="h", boot="b"):
        self.name, self.boot, self.ms = name, boot, 0

    def record(self, kind, **more):
        self.ms += 1
        return {"time": f"2026-11-27T00:00:{self.ms // 1000:02}.{self.ms % 1000:03}000Z", "type": kind, "schema": 1,
                "host": {"name": self.name, "id": self.name, "boot_id": self.boot}, **more}

    def start(self, output="kafka", **last):
        return self.record("start", output=output, last={q: {"run": run, "boot_id": boot} for q, (boot, run) in last.items()})

    def run(self, number, count, previous=None, query="q"):
        """All records of a run."""
        lines = [self.record("socket", query=query, run=number, seq=seq, port=seq) for seq in range(count)]
        return lines + [self.record("run", query=query, run=number, seq=count, records=count, previous_run=previous)]

    def runs(self, *numbers, count=3, query="q"):
        """The first is an agent's first."""
        lines = []
        for number, before in zip(numbers, (None, *numbers)):
            lines += self.run(number, count, before, query)
        return lines

    def gap(self, first, last, records, query="q", reason="spool_full", output="kafka"):
        return self.record("gap", query=query, output=output, first={"run": first[0], "seq": first[1]},
                           last={"run": last[0], "seq": last[1]}, records=records, bytes=100 * records, reason=reason)


def without(lines, *places):
    """Without the records at (run, seq)."""
    return [line for line in lines if (line.get("run"), line.get("seq")) not in places]


class Proof(unittest.TestCase):
    def setUp(self):
        self.host = Host()
        self.start = self.host.start()

    def holds(self, lines, *options):
        """In every order, however often a record comes; the summary."""
        problems, summaries, told = judge(lines, *options)
        self.assertEqual(problems, [])
        mixed = lines + random.Random(7).sample(lines, len(lines) // 2)
        random.Random(7).shuffle(mixed)
        self.assertEqual(judge(mixed, *options)[0], [])
        return summaries[0], told

    def fails(self, lines, *texts, options=()):
        """One problem a text, which contains it."""
        problems, _, _ = judge(lines, *options)
        self.assertEqual(len(problems), len(texts), problems)
        for text in texts:
            self.assertTrue(any(text in problem for problem in problems), (text, problems))


class Runs(Proof):
    def test_a_whole_stream_holds(self):
        said, told = self.holds([self.start] + self.host.runs(10, 20, 30), "--spool", "--exact", "--ended")
        self.assertIn("1 queries, 3 runs, 12 records, 1 starts", said)
        self.assertEqual(told, [])

    def test_each_record_that_is_left_out_is_missed(self):
        lines = [self.start] + self.host.runs(10, 20, 30)
        for at, line in enumerate(lines):
            with self.subTest(line):
                problems, _, _ = judge(lines[:at] + lines[at + 1:], "--ended")
                self.assertEqual(len(problems), 1, problems)
                place = "no start record" if line["type"] == "start" else f"run {line['run']}"
                self.assertIn(place, problems[0])

    def test_records_in_the_middle_are_named(self):
        self.fails(without([self.start] + self.host.runs(10, 20, count=9), (20, 2), (20, 3), (20, 7)),
                   "query q: run 20 seq 2 to 3 (2 records) is missing", "query q: run 20 seq 7 to 7 (1 records) is missing")

    def test_a_run_of_which_nothing_came_is_missed_by_the_next(self):
        lines = [line for line in self.host.runs(10, 20, 30) if line["run"] != 20]
        self.fails([self.start] + lines, "run 20 is missing; run 30 names it")

    def test_a_run_without_its_end_is_missed_by_the_next(self):
        lines = without(self.host.runs(10, 20, 30), (20, 2), (20, 3))
        self.fails([self.start] + lines, "of run 20 the end is missing, from seq 2 on; run 30 names it")

    def test_an_empty_run_counts(self):
        lines = [self.start] + self.host.runs(10, 20, 30, count=0)
        self.holds(lines)
        self.fails(without(lines, (20, 0)), "run 20 is missing")

    def test_a_chain_that_passes_one_over_is_wrong(self):
        lines = self.host.runs(10, 20) + self.host.run(30, 1, previous=10)
        self.fails([self.start] + lines, "run 30 says that 10 was before it, but 20 was")

    def test_the_same_identity_with_other_bytes_is_wrong(self):
        lines = [self.start] + self.host.runs(10)
        self.fails(lines + [{**lines[2], "port": 77}], "run 10 seq 1 is there twice, with different bytes")

    def test_a_run_record_that_says_another_number_is_wrong(self):
        lines = [self.start] + self.host.runs(10)
        self.fails(lines[:-1] + [{**lines[-1], "records": 2}], "run 10 seq 3 says that there are 2 records")

    def test_a_record_behind_the_run_record_is_wrong(self):
        late = self.host.record("socket", query="q", run=10, seq=4)
        self.fails([self.start] + self.host.runs(10) + [late], "run 10 has a record behind its run record")

    def test_a_second_run_record_is_wrong(self):
        lines = [self.start] + self.host.runs(10)
        problems, _, _ = judge(lines + [{**lines[-1], "seq": 4, "records": 4}])
        self.assertIn("run 10 seq 4 is a second run record", problems[0])

    def test_queries_hosts_and_boots_are_apart(self):
        one, other, later = Host("one"), Host("other"), Host("one", boot="c")
        later.ms = 500
        lines = [one.start()] + one.runs(10, 20) + one.runs(10, 20, query="p")
        lines += [other.start()] + other.runs(10, 20)
        lines += [later.start(q=("b", 20), p=("b", 20))] + later.runs(5, 10, query="q") + later.runs(5, 10, query="p")
        self.holds(lines, "--spool", "--ended")
        self.fails([line for line in lines if (line.get("query"), line.get("run"), line["host"]["boot_id"]) != ("p", 20, "b")
                    or line["host"]["name"] == "other"], "host one, query p: run 20 is missing; the start of")

    def test_from_the_middle_on_what_was_before_is_not_asked_for(self):
        lines = without(self.host.runs(10, 20, 30, 40), *((10, seq) for seq in range(4)))
        self.fails(lines, "run 10 is missing")
        said, _ = self.holds(lines, "--tail")
        self.assertIn("1 runs named that were before the first", said)
        self.fails([line for line in lines if line["run"] != 30], "run 30 is missing", options=["--tail"])


class Agents(Proof):
    def life(self, *numbers, last=None):
        return [self.host.start(**({"q": ("b", last)} if last else {}))] + self.host.runs(*numbers)

    def test_one_that_follows_another_is_joined_by_its_start(self):
        said, told = self.holds(self.life(10, 20) + self.life(30, 40, last=20) + self.life(50, last=40), "--spool", "--ended")
        self.assertIn("3 starts", said)
        self.assertEqual(told, [])

    def test_the_last_run_that_was_accepted_is_missed(self):
        lines = self.life(10, 20) + self.life(30, last=20)
        self.fails([line for line in lines if line.get("run") != 20], "run 20 is missing; the start of")
        self.fails(without(lines, (20, 3)), "of run 20 the end is missing, from seq 3 on; the start of")
        self.fails(without(lines, (20, 1)), "run 20 seq 1 to 1 (1 records) is missing")

    def test_a_start_that_remembers_less_than_is_there_is_no_hole(self):
        self.holds(self.life(10, 20) + self.life(30, last=10), "--spool")

    def test_a_start_without_a_memory_proves_nothing(self):
        lines = self.life(10, 20) + self.life(30)
        _, told = self.holds(lines)
        self.assertEqual(len(told), 1)
        self.assertIn("that nothing was before run 30, an agent's first, is not proved", told[0])
        self.fails(lines, "is not proved", options=["--spool"])

    def test_a_run_that_a_kill_cut_is_told_and_not_missing(self):
        killed = without(self.life(10, 20), (20, 2), (20, 3))
        said, _ = self.holds(killed + self.life(30, last=10), "--spool", "--ended")
        self.assertIn("1 runs cut by a kill", said)
        self.fails(without(killed, (20, 0)) + self.life(30, last=10), "run 20 seq 0 to 0 (1 records) is missing")
        self.fails(killed + self.life(30, last=20), "of run 20 the end is missing, from seq 2 on; the start of")

    def test_a_run_at_the_end_may_be_open_until_all_have_ended(self):
        lines = without(self.life(10, 20), (20, 3))
        said, _ = self.holds(lines)
        self.assertIn("1 runs still open", said)
        self.fails(lines, "run 20 has no run record, and nothing came behind it", options=["--ended"])

    def test_the_first_run_of_all_was_cut_and_nothing_is_left_to_prove(self):
        killed = without(self.life(10), (10, 2), (10, 3))
        said, told = self.holds(killed + self.life(20), "--spool")
        self.assertIn("1 runs cut", said)
        self.assertEqual(told, [])

    def test_a_start_of_another_boot_or_of_later_is_not_that_of_a_first_run(self):
        other = Host(boot="c")
        other.ms = 100
        lines = self.life(10) + other.runs(5)
        self.fails(lines, "run 5 is an agent's first, and no start record is before it")
        late = other.start(q=("b", 10))
        self.fails(lines + [late], "run 5 is an agent's first, and no start record is before it")

    def test_starts_of_an_agent_that_ran_nothing_are_no_hole(self):
        self.holds(self.life(10) + [self.host.start(q=("b", 10))] + self.life(20, last=10), "--spool")

    def test_several_outputs_are_not_judged_as_one(self):
        lines = self.life(10) + [self.host.start(output="other")]
        with self.assertRaises(complete.Unreadable):
            judge(lines)
        self.holds(lines, "--output", "kafka")


class Gaps(Proof):
    def lines(self, missing, *gaps):
        """Runs 10 to 40 of three records and a run record, without those, with gaps."""
        lines = without(self.host.runs(10, 20, 30, 40), *missing)
        return [self.start] + lines + [self.host.gap(*gap) for gap in gaps]

    def whole(self, *numbers):
        return [(number, seq) for number in numbers for seq in range(4)]

    def test_what_a_gap_covers_is_not_missing(self):
        for missing, *gaps in (([(20, 1)], ((20, 1), (20, 1), 1)),
                               (self.whole(20, 30), ((20, 0), (30, 3), 8)),
                               ([(20, 2), (20, 3), *self.whole(30), (40, 0)], ((20, 2), (40, 0), 7)),
                               (self.whole(30, 40), ((30, 0), (40, 3), 8)),
                               ([(20, 0), (20, 2)], ((20, 0), (20, 0), 1), ((20, 2), (20, 2), 1)),
                               (self.whole(20), ((20, 0), (20, 1), 2), ((20, 2), (20, 3), 2))):
            with self.subTest(missing):
                said, told = self.holds(self.lines(missing, *gaps), "--exact", "--spool", "--ended")
                self.assertIn(f"{len(gaps)} gaps of {len(missing)} records (spool_full {len(missing)})", said)
                self.assertEqual(told, [])
                self.assertNotEqual(judge(self.lines(missing[:-4] if len(missing) > 4 else [], *gaps), "--exact")[0], [])

    def test_what_a_gap_does_not_cover_is_missing(self):
        self.fails(self.lines([(20, 1), (20, 2)], ((20, 1), (20, 1), 1)), "run 20 seq 2 to 2 (1 records) is missing")
        self.fails(self.lines(self.whole(20), ((20, 1), (20, 3), 3)), "run 20 is missing; run 30 names it")
        self.fails(self.lines(self.whole(20), ((10, 4), (15, 3), 4)), "run 20 is missing; run 30 names it")
        self.fails(self.lines([(20, 1), (20, 2), (20, 3)], ((20, 3), (20, 3), 1)), "run 20 seq 1 to 2 (2 records) is missing")

    def test_a_gap_of_another_query_covers_nothing(self):
        lines = self.lines([(20, 1)]) + [self.host.gap((20, 1), (20, 1), 1, query="p")]
        self.fails(lines, "run 20 seq 1 to 1 (1 records) is missing")

    def test_the_end_of_an_agent_in_a_gap_is_not_missing(self):
        lines = self.lines(self.whole(40), ((40, 0), (40, 3), 4))
        self.holds(lines + [self.host.start(q=("b", 40))] + self.host.runs(50), "--spool", "--exact")
        lines = self.lines([(40, 2), (40, 3)], ((40, 2), (40, 3), 2))
        self.holds(lines + [self.host.start(q=("b", 40))] + self.host.runs(50), "--spool", "--exact", "--ended")

    def test_a_gap_told_twice_is_one(self):
        gap = (20, 1), (20, 1), 1
        said, _ = self.holds(self.lines([(20, 1)], gap, gap))
        self.assertIn("1 gaps of 1 records", said)
        self.fails(self.lines([(20, 1)], gap, ((20, 1), (20, 1), 2)), "is told again with 1")

    def test_gaps_that_overlap_are_wrong(self):
        self.fails(self.lines(self.whole(20), ((20, 0), (20, 2), 3), ((20, 2), (20, 3), 2)), "overlap")

    def test_more_than_a_gap_can_hold_is_wrong(self):
        self.fails(self.lines([(20, 1), (20, 2)], ((20, 1), (20, 2), 3)), "those are 2")

    def test_a_gap_that_was_stretched_is_not_exact(self):
        lines = self.lines([(20, 1), (20, 3)], ((20, 1), (20, 3), 2))
        self.holds(lines)
        self.fails(lines, "1 of the gap of 2 from run 20 seq 1 to run 20 seq 3 are there", options=["--exact"])
        self.fails(self.lines([(20, 1), (20, 2), (20, 3)], ((20, 1), (20, 3), 2)), "those are 3", options=["--exact"])

    def test_a_gap_that_covers_what_is_there_is_told_and_wrong_where_it_must_be_exact(self):
        lines = self.lines([(20, 1)], ((20, 1), (20, 2), 2))
        _, told = self.holds(lines)
        self.assertIn("1 of the gap of 2 from run 20 seq 1 to run 20 seq 2 are there", told[0])
        self.fails(lines, "1 of the gap", options=["--exact"])

    def test_a_lost_start_is_told_where_a_gap_says_so(self):
        lines = self.host.runs(10) + [self.host.gap((0, 0), (0, 0), 1, query="")]
        said, told = self.holds(lines)
        self.assertIn("1 starts or gaps lost", said)
        self.assertIn("no start record is before it", told[0])


class Program(Proof):
    def said(self, data, *arguments):
        done = subprocess.run([PATH, *arguments], input=data, capture_output=True, timeout=60)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def test_the_status_says_it(self):
        lines = [self.start] + self.host.runs(10, 20)
        whole = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
        holed = b"".join(json.dumps(line).encode() + b"\n" for line in without(lines, (10, 1)))
        status, said, _ = self.said(whole)
        self.assertEqual((status, said.splitlines()[-1]), (0, "complete"))
        status, said, _ = self.said(holed)
        self.assertEqual((status, said.splitlines()[-1]), (1, "1 thing is missing or wrong"))
        self.assertIn("MISSING: host h, query q: run 10 seq 1 to 1 (1 records) is missing\n", said)
        with tempfile.NamedTemporaryFile() as file:
            file.write(whole)
            file.flush()
            self.assertEqual(self.said(holed, file.name)[0], 0)
            self.assertEqual(self.said(b"", file.name, "/nonexistent")[0], 2)

    def test_what_is_no_stream_is_said(self):
        for data, text in (b"", "there was no record"), (b"{}\n", "line 1: no record of sockfeed"), (b"x\n", "line 1"):
            status, _, said = self.said(data)
            self.assertEqual(status, 2)
            self.assertIn(text, said)

    def test_help_says_what_it_proves(self):
        status, said, _ = self.said(b"", "--help")
        self.assertEqual(status, 0)
        self.assertIn("names the run before it", said)


if __name__ == "__main__":
    unittest.main(verbosity=2)
