"""The flame graph, from what py-spy writes."""

from xml.etree import ElementTree as ET

from benchmarks.profile import draw, heaviest, read

STARTING = "<module> (django/__main__.py:9)"
THREAD = "Thread._bootstrap (threading.py:1002);Thread.run (threading.py:982)"
RAW = [
    f"{STARTING};run (django_jobs/x.py:1);Worker.run (django_jobs/worker/worker.py:5);claim (a.py:1) 30",
    f"{THREAD};work (/v/lib/python3.11/site-packages/b.py:7) 60",
    f"{THREAD};work (/v/lib/python3.11/site-packages/b.py:8) 10",
    f"{STARTING};_find_and_load (<frozen importlib._bootstrap>:1) 50",
]


def test_lines_of_a_function_are_one_call_and_starting_up_is_left_out():
    assert read(RAW) == {
        ("Worker.run (django_jobs/worker/worker.py)", "claim (a.py)"): 30,
        ("work (b.py)",): 70,
    }


def test_the_heaviest_calls_come_first():
    lines = list(heaviest(read(RAW)))
    assert lines[1] == "  70.0%  work (b.py)"


def test_the_picture_is_xml_with_a_box_for_every_call():
    root = ET.fromstring(draw(read(RAW), "no-op <jobs>"))
    titles = [element.text for element in root.iter("{http://www.w3.org/2000/svg}title")]
    assert titles == ["work (b.py): 70.0%", "Worker.run (django_jobs/worker/worker.py): 30.0%", "claim (a.py): 30.0%"]


def test_calls_too_short_to_see_are_left_out():
    stacks = read([f"Thread.run (threading.py:982);one (a.py:{n}) 1000" for n in range(3)])
    stacks[("two (b.py)",)] = 1
    assert "two" not in draw(stacks, "")
