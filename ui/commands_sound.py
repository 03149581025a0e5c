"""Commands on sound files: measure, check, restore, degrade, compare."""

from __future__ import annotations

from pathlib import Path

import click

from mixmend.ui.options import (
    FILE,
    bit_depth_option,
    file_argument,
    json_option,
    out_option,
    read_span,
    region_option,
    seed_option,
)


@click.command()
@file_argument
@json_option
def measure(file: Path, as_json: bool) -> None:
    """Measure a song: loudness, reverb, clipping, stereo, tone, noise."""
    from mixmend.tools.measure import measure_file
    from mixmend.ui import figures, terminal
    from mixmend.ui.progress import working

    with working("Measuring"):
        measured = measure_file(file)
    if as_json:
        terminal.print_json(measured.model_dump(mode="json"))
    else:
        figures.print_measurement(measured)


@click.command()
@file_argument
@json_option
def check(file: Path, as_json: bool) -> None:
    """Say in plain words what is wrong with a song, by measurement."""
    from mixmend.agent.diagnose import diagnose
    from mixmend.tools.measure import measure
    from mixmend.tools.reading import read_sound
    from mixmend.ui import terminal
    from mixmend.ui.progress import working

    with working("Listening"):
        sound = read_sound(file)
        measured = measure(sound.audio, sound.info)
        findings = diagnose(measured)
    if as_json:
        terminal.print_json(
            {
                "findings": [finding.model_dump(mode="json") for finding in findings],
                "measurement": measured.model_dump(mode="json"),
            }
        )
    else:
        terminal.print_findings(findings)


@click.command()
@file_argument
@click.option("--instruction", required=True, help="What to do, in plain English; '' is automatic.")
@click.option("--engine", required=True, help="See `mixmend doctor`.")
@region_option
@click.option("--strength", type=click.FloatRange(0, 1), default=1.0, show_default=True)
@click.option("--steps", type=click.IntRange(1), help="Solver steps of a flow model.")
@click.option("--render", help="Of a flow model: faithful (default), delta or generative.")
@click.option("--joining", help="Of a flow model: together (default) or published.")
@seed_option
@out_option
@bit_depth_option
@json_option
def restore(
    file: Path,
    instruction: str,
    engine: str,
    region: str | None,
    strength: float,
    steps: int | None,
    render: str | None,
    joining: str | None,
    seed: int,
    out: Path,
    bit_depth: str,
    as_json: bool,
) -> None:
    """Run one pass of one engine: no agent, no verdict."""
    from mixmend.agent.single import restore_file
    from mixmend.ui import terminal
    from mixmend.ui.progress import progress

    with progress(f"Restoring with {engine}") as on_progress:
        restored = restore_file(
            file, out, instruction=instruction, engine=engine, region=read_span(region),
            strength=strength, steps=steps, seed=seed, bit_depth=bit_depth,  # type: ignore[arg-type]
            render=render, joining=joining, on_progress=on_progress,
        )  # fmt: skip
    if as_json:
        terminal.print_json(restored.model_dump(mode="json"))
    else:
        click.echo(f"Written to {out}. No verdict was asked for; `mixmend compare` gives one.")


@click.command()
@file_argument
@click.option("--kind", required=True, help="One of the published damages, or one of ours.")
@seed_option
@out_option
@bit_depth_option
@json_option
def degrade(file: Path, kind: str, seed: int, out: Path, bit_depth: str, as_json: bool) -> None:
    """Damage a song on purpose, to test a repair."""
    from mixmend.agent.single import degrade_file
    from mixmend.ui import terminal
    from mixmend.ui.progress import working

    with working("Damaging"):
        damage = degrade_file(file, out, kind=kind, seed=seed, bit_depth=bit_depth)  # type: ignore[arg-type]
    if as_json:
        terminal.print_json(damage)
    else:
        click.echo(f"Written to {out}. To ask for the repair: {damage['instruction']}")


@click.command()
@click.argument("a", type=FILE)
@click.argument("b", type=FILE)
@json_option
def compare(a: Path, b: Path, as_json: bool) -> None:
    """Measure two files and say what is different, at matched loudness."""
    from mixmend.agent.compare import compare_measurements
    from mixmend.tools.measure import measure_file
    from mixmend.ui import terminal
    from mixmend.ui.progress import working

    with working("Measuring both"):
        first, second = measure_file(a), measure_file(b)
        compared = compare_measurements(first, second)
    if as_json:
        terminal.print_json(
            {
                "a": first.model_dump(mode="json"),
                "b": second.model_dump(mode="json"),
                **compared.model_dump(mode="json"),
            }
        )
    else:
        click.echo(compared.text)
