"""The instructors' command line: ``python -m autograder COMMAND --help``."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from autograder.course.secret import PUBLIC_SECRET
from autograder.course.table import Course
from autograder.model import CourseError
from autograder.sandbox.job import SandboxError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    args = _parser().parse_args(argv)
    try:
        status: int = args.run(args)
    except (CourseError, SandboxError) as error:
        print(f"{args.command}: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{args.command}: {error.filename or 'a file'}: {error.strerror}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{args.command}: stopped", file=sys.stderr)
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m autograder", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    release = commands.add_parser("release", help="write the students' notebooks")
    release.add_argument("problem_sets", nargs="*", metavar="PS", help="all, where none is named")
    release.add_argument(
        "--check", action="store_true", help="write nothing; 1 where something would change"
    )
    release.add_argument(
        "--solutions", action="store_true", help="hand out solutions too, after the deadline"
    )
    release.set_defaults(run=_release)

    _add_grade(commands)
    _add_audit(commands)

    gradescope = commands.add_parser("gradescope", help="write the upload for Gradescope")
    gradescope.add_argument("problem_set", metavar="PS")
    gradescope.add_argument("--out", required=True, type=Path, metavar="FILE.zip")
    gradescope.set_defaults(run=_gradescope)

    report = commands.add_parser("report", help="write a page that shows the class at a glance")
    report.add_argument("folder", type=Path, metavar="DIR", help="the DIR of `grade --out DIR`")
    report.add_argument("--out", required=True, type=Path, metavar="FILE.html")
    report.set_defaults(run=_report)

    _add_name_and_export(commands)

    doctor = commands.add_parser("doctor", help="say what keeps answers apart on this machine")
    doctor.set_defaults(run=_doctor)

    demo = commands.add_parser("demo", help="do all of it once on the mini data (make demo)")
    demo.set_defaults(run=_demo)
    return parser


def _add_grade(commands: Any) -> None:
    grade = commands.add_parser("grade", help="grade notebooks, hand-in zips, or folders of them")
    grade.add_argument("paths", nargs="+", type=Path, metavar="FILE_OR_FOLDER")
    grade.add_argument("--problem-set", required=True, metavar="PS")
    grade.add_argument("--out", required=True, type=Path, metavar="DIR")
    grade.add_argument("--roster", type=Path, metavar="FILE.csv", help="who is in the class")
    grade.add_argument("--jobs", type=int, metavar="N", help="how many at once; all cores, else")
    grade.add_argument("--dask", metavar="ADDRESS", help="grade on this Dask cluster")
    grade.add_argument("--again", action="store_true", help="grade what is graded already as well")
    grade.add_argument(
        "--never-lower",
        action="store_true",
        help="keep the earlier result where grading the same files again would lower it",
    )
    grade.add_argument(
        "--weak-isolation",
        action="store_true",
        help="grade even where answers cannot be kept apart safely (see doctor)",
    )
    grade.set_defaults(run=_grade)


def _add_name_and_export(commands: Any) -> None:
    name = commands.add_parser("name", help="make a group of wrong answers a known mistake")
    name.add_argument("folder", type=Path, metavar="DIR", help="the DIR of `grade --out DIR`")
    name.add_argument("group", metavar="GROUP", help="as the class page calls it")
    name.add_argument("--id", required=True, help="the mistake's name, like loss-no-mean")
    name.add_argument("--hint", required=True, metavar="TEXT", help="what the student should read")
    name.set_defaults(run=_name)

    export = commands.add_parser("export", help="write grades as a platform's gradebook wants them")
    export.add_argument("folder", type=Path, metavar="DIR", help="the DIR of `grade --out DIR`")
    export.add_argument("--to", required=True, choices=["canvas", "gradescope", "nbgrader"])
    export.add_argument("--out", required=True, type=Path, metavar="FILE")
    export.add_argument(
        "--gradebook", type=Path, metavar="FILE.csv", help="the platform's own export, to be filled"
    )
    export.add_argument(
        "--late", action="store_true", help="the total after lateness, in place of the raw one"
    )
    export.set_defaults(run=_export)


def _add_audit(commands: Any) -> None:
    audit = commands.add_parser("audit", help="grade the reference, the blank, mistakes, variants")
    audit.add_argument("problem_sets", nargs="*", metavar="PS", help="all, where none is named")
    audit.add_argument("--json", type=Path, metavar="FILE", help="write the tables as JSON, too")
    audit.add_argument(
        "--mutants",
        action="store_true",
        help="also change one thing at a time in each solution, and list what no check sees",
    )
    audit.set_defaults(run=_audit)


def _release(args: argparse.Namespace) -> int:
    from autograder.authoring import dist
    from autograder.authoring.release import make, release

    course = Course()
    lines: list[str] = []
    sets = [course.problem_set(id) for id in args.problem_sets or course.ids]
    for ps in sets:
        if args.check:
            lines += dist.would_change(ps, course)
            continue
        made = make(ps, course)
        handed = dist.handed_out(ps, course, made, solutions=args.solutions)
        print(release(ps, course, made))
        print(f"{dist.write(ps, course, handed)}/: {', '.join(handed.files)}")
        if args.solutions and datetime.now(UTC) < course.deadline(ps):
            print(f"  {ps.id} is not due yet: keep its solutions to yourself.")
        for change in handed.changes:
            print(f"  students read: {change}")
    if args.check:
        print("\n".join(lines) or "Nothing would change.")
    return 1 if lines else 0


def _grade(args: argparse.Namespace) -> int:
    from autograder.batch.run import How, grade_all, summary
    from autograder.sandbox.survey import WEAK

    if args.weak_isolation:
        os.environ[WEAK] = "1"
    course = Course()
    if args.jobs is not None and args.jobs < 1:
        raise CourseError(f"--jobs is {args.jobs}, but has to be 1 or more.")
    jobs = args.jobs or len(os.sched_getaffinity(0))
    how = How(args.roster, jobs, args.dask or "", args.again, args.never_lower)
    done = grade_all(args.paths, course.problem_set(args.problem_set), course, args.out, how)
    print(summary(done))
    print(f"Grades: {args.out / 'grades.csv'}; feedback beside each results.json.")
    return 1 if any(r.fault for r in done.reports) else 0


def _audit(args: argparse.Namespace) -> int:
    from autograder.authoring import mutants
    from autograder.authoring.audit import audit_all, failures, option_values, render

    course = Course(secret=PUBLIC_SECRET)
    tables, wrong = {}, []
    for id in args.problem_sets or course.ids:
        chosen = course.problem_set(id)
        for name, ps, table in audit_all(chosen, course):
            tables[name] = table
            wrong += failures(table)
            print(render(name, table))
            if args.mutants and name in option_values(chosen, course):
                tallies = mutants.try_mutants(ps, course)
                table["mutants"] = mutants.as_json(tallies)
                wrong += mutants.failures(tallies)
                print(mutants.render(tallies))
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(tables, indent=1) + "\n", encoding="utf-8")
    print("\n".join(["", *wrong]) if wrong else "\nEvery row is as it must be.")
    return 1 if wrong else 0


def _gradescope(args: argparse.Namespace) -> int:
    from autograder.gradescope.build import build

    course = Course()
    print(build(course.problem_set(args.problem_set), course, args.out))
    return 0


def _report(args: argparse.Namespace) -> int:
    from autograder.batch.overview import write_overview

    print(write_overview(args.folder, args.out, Course()))
    return 0


def _name(args: argparse.Namespace) -> int:
    from autograder.batch.naming import name_group

    print(name_group(args.folder, args.group, args.id, args.hint, Course()))
    return 0


def _export(args: argparse.Namespace) -> int:
    from autograder.batch.export import export

    print(export(args.folder, args.to, args.out, args.gradebook, Course(), late=args.late))
    return 0


def _doctor(args: argparse.Namespace) -> int:
    from autograder.sandbox.survey import survey

    found = survey()
    print(found.table())
    return 1 if found.dangers else 0


def _demo(args: argparse.Namespace) -> int:
    from autograder.demo import demo

    print(demo())
    return 0


if __name__ == "__main__":
    sys.exit(main())
