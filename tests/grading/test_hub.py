"""A class on one server, for real: the documented Hub, two learners and an instructor with uids of their own."""
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
import websocket
from traitlets.config import PyFileConfigLoader

from chainrule_grading import demo
from tests.conftest import ROOT

USERS = {"ada": 60601, "bela": 60602, "teacher": 60603}
PROXY = ROOT / "node_modules/.bin/configurable-http-proxy"


def free_ports(count):
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


class Hub:
    """The Hub as a service with a token sees it."""

    def __init__(self, folder, port):
        self.folder, self.address, self.token = folder, f"http://127.0.0.1:{port}", "proof-" + "0" * 32

    def ask(self, path, data=None, method=None, token=None, form=False):
        """(status, body) of a request; `data` is sent as JSON, or as a form."""
        headers = {"Authorization": f"token {token or self.token}"}
        body = None
        if data is not None:
            body = (urllib.parse.urlencode(data) if form else json.dumps(data)).encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded" if form else "application/json"
        request = urllib.request.Request(self.address + path, body, headers,
                                         method=method or ("POST" if data is not None else "GET"))
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.read().decode()

    def start(self, user):
        """The user's own server, up."""
        assert self.ask(f"/hub/api/users/{user}", {})[0] in (201, 409)
        status, said = self.ask(f"/hub/api/users/{user}/server", {})
        assert status in (201, 202), said
        for _ in range(240):
            status, said = self.ask(f"/hub/api/users/{user}")
            if json.loads(said)["server"]:
                return
            time.sleep(0.5)
        raise AssertionError((self.folder / "hub.log").read_text()[-4000:])

    def run(self, user, *command):
        """What a command prints in the user's course folder, run by a kernel of that server; and its exit code."""
        said = self.python(user, f"""
import os, subprocess
done = subprocess.run({list(command)!r}, cwd=os.path.expanduser("~/chainrule"), text=True, stdout=-1, stderr=-2)
print(done.stdout)
print("exit", done.returncode)""")
        said, _, status = said.rpartition("exit ")
        return said, int(status or -1)

    def python(self, user, code):
        """What Python code prints in a kernel of the user's server."""
        status, kernel = self.ask(f"/user/{user}/api/kernels", {"name": "python3"})
        assert status == 201, kernel
        kernel = json.loads(kernel)["id"]
        address = f"{self.address.replace('http', 'ws', 1)}/user/{user}/api/kernels/{kernel}/channels"
        channel = websocket.create_connection(address, header=[f"Authorization: token {self.token}"], timeout=300)
        try:
            header = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "username": "", "session": "proof",
                      "version": "5.3", "date": ""}
            channel.send(json.dumps({"header": header, "parent_header": {}, "metadata": {}, "channel": "shell",
                                     "content": {"code": code, "silent": False, "store_history": False,
                                                 "user_expressions": {}, "allow_stdin": False}}))
            said = ""
            while True:
                message = json.loads(channel.recv())
                if message["parent_header"].get("msg_id") != header["msg_id"]:
                    continue
                if message["msg_type"] == "stream":
                    said += message["content"]["text"]
                elif message["msg_type"] == "error":
                    said += "\n".join(message["content"]["traceback"])
                elif message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                    return said
        finally:
            channel.close()
            self.ask(f"/user/{user}/api/kernels/{kernel}", method="DELETE")


@pytest.fixture
def hub(course):
    """The documented configuration on free ports, with a password-free login of its own; all that runs ends with it."""
    assert os.geteuid() == 0, "real uids need root"
    assert PROXY.is_file(), "the Hub's proxy is not here: run npm ci"
    folder = Path(tempfile.mkdtemp(prefix="chainrule-hub-"))
    folder.chmod(0o755)
    try:
        homes, srv = folder / "homes", folder / "srv"
        (folder / "state").mkdir(mode=0o700)
        (srv / "share").mkdir(parents=True)
        shutil.copytree(course.lectures, srv / "share/lectures")
        shutil.copy(ROOT / "nbgrader_config.py", srv / "share")
        (srv / "exchange").mkdir()
        (srv / "exchange").chmod(0o777)
        passwd, group = Path("/etc/passwd").read_text(), Path("/etc/group").read_text()
        for name, uid in USERS.items():
            passwd += f"{name}:x:{uid}:{uid}::{homes / name}:/bin/bash\n"
            group += f"{name}:x:{uid}:\n"
            (homes / name).mkdir(parents=True)
            if name == "teacher":
                for part in ("course", "lectures", "solutions", "exercises"):
                    shutil.copytree(ROOT / part, homes / name / "chainrule" / part)
                shutil.copy(ROOT / "nbgrader_config.py", homes / name / "chainrule")
            subprocess.run(["chown", "-R", f"{uid}:{uid}", homes / name], check=True)
            (homes / name).chmod(0o755)                   # as on many machines: privacy must not hang on it
        (folder / "passwd").write_text(passwd)
        (folder / "group").write_text(group)
        public, inner, proxy = free_ports(3)
        the_hub = Hub(folder, public)
        (folder / "config.py").write_text(
            f"load_subconfig({str(ROOT / 'course/teach/hub/jupyterhub_config.py')!r})\n"
            f"c.JupyterHub.bind_url = 'http://127.0.0.1:{public}'\n"
            f"c.JupyterHub.hub_bind_url = 'http://127.0.0.1:{inner}'\n"
            f"c.ConfigurableHTTPProxy.api_url = 'http://127.0.0.1:{proxy}'\n"
            f"c.ConfigurableHTTPProxy.command = [{str(PROXY)!r}]\n"
            "c.JupyterHub.authenticator_class = 'null'\n"
            "c.Spawner.start_timeout = 120\nc.Spawner.http_timeout = 120\n"
            f"c.JupyterHub.services = [{{'name': 'proof', 'api_token': {the_hub.token!r}}}]\n"
            "c.JupyterHub.load_roles = [{'name': 'proof', 'services': ['proof'], 'scopes': "
            "['admin:users', 'admin:servers', 'access:servers', 'tokens']}]\n")
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "CHAINRULE", "IPYTHON"))}
        environment |= {"CHAINRULE_SRV": str(srv), "CHAINRULE_INSTRUCTORS": "teacher", "HOME": str(folder / "state"),
                        "PYTHONPATH": str(ROOT)}
        with (folder / "hub.log").open("w") as log:
            process = subprocess.Popen([sys.executable, "-m", "tests.grading.hub", folder, folder / "config.py"],
                                       cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True)
            try:
                for _ in range(240):
                    assert process.poll() is None, (folder / "hub.log").read_text()[-4000:]
                    try:
                        if the_hub.ask("/hub/api/")[0] == 200:
                            break
                    except OSError:
                        pass
                    time.sleep(0.5)
                yield the_hub
            finally:
                for user in USERS:
                    try:
                        the_hub.ask(f"/hub/api/users/{user}/server", method="DELETE")
                    except OSError:
                        pass
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(60)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                left = [pid for pid in os.listdir("/proc") if pid.isdigit() and owner(pid) in USERS.values()]
                for pid in left:                          # only the users that we made up
                    os.kill(int(pid), signal.SIGKILL)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def owner(pid):
    try:
        return os.stat(f"/proc/{pid}").st_uid
    except OSError:
        return None


def work_of(course, name):
    """The notebook of one of the invented learners, as the contents API wants it."""
    one = demo.read_learner(course.sources / "class" / f"{name}.py")
    notebook = json.loads(demo.notebook_of(one, nbformat.read(course.release("delta"), as_version=4)))
    return one, {"type": "notebook", "format": "json", "content": notebook}


def test_what_lies_in_a_users_course_folder_stays(tmp_path, course):
    spec = importlib.util.spec_from_file_location("singleuser", ROOT / "course/teach/hub/singleuser.py")
    singleuser = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(singleuser)
    share, mine = tmp_path / "share", tmp_path / "chainrule"
    shutil.copytree(course.lectures, share / "lectures")
    shutil.copy(ROOT / "nbgrader_config.py", share)
    singleuser.make_ready(share, mine)
    assert sorted(p.name for p in (mine / "lectures").iterdir()) == sorted(p.name for p in course.lectures.glob("*"))
    first = sorted((mine / "lectures").iterdir())[0]
    first.write_text("my notes")
    mine.chmod(0o755)
    singleuser.make_ready(share, mine)
    assert first.read_text() == "my notes" and mine.stat().st_mode & 0o777 == 0o700


def test_only_instructors_get_the_formgrader(monkeypatch):
    monkeypatch.setenv("CHAINRULE_INSTRUCTORS", "teacher")
    config = PyFileConfigLoader("jupyterhub_config.py", path=str(ROOT / "course/teach/hub")).load_config()
    for name, narrow in (("teacher", False), ("ada", True)):
        spawner = SimpleNamespace(user=SimpleNamespace(name=name), environment={})
        config.Spawner.pre_spawn_hook(spawner)
        folders = [Path(folder) for folder in spawner.environment["JUPYTER_CONFIG_PATH"].split(os.pathsep)]
        assert all(folder.is_dir() for folder in folders)
        assert ("settings-learner" in [folder.name for folder in folders]) is narrow
    assert config.JupyterHub.spawner_class.endswith("LocalProcessSpawner")
    assert Path(config.Spawner.cmd[1]).is_file()


@pytest.mark.proof
def test_two_learners_and_an_instructor_share_a_server_and_nobody_sees_anothers_work(hub, course):
    for user in USERS:
        hub.start(user)
    assert [hub.python(user, "import os; print(os.getuid())").strip() for user in USERS] == \
        [str(uid) for uid in USERS.values()]

    # The instructor releases; the learners fetch, one with the button of the assignment list, one in a terminal.
    said, status = hub.run("teacher", "nbgrader", "release_assignment", "delta")
    assert status == 0, said
    status, page = hub.ask("/user/ada/chainrule/start")
    assert status == 200 and "Read lecture 00" in page and "Exercises:" not in page
    which = {"course_id": "chainrule", "assignment_id": "delta"}
    status, said = hub.ask("/user/ada/assignments/fetch", which, form=True)
    assert status == 200 and json.loads(said)["success"], said
    said, status = hub.run("bela", "nbgrader", "fetch_assignment", "delta")
    assert status == 0, said
    assert "Exercises: The δ recursion" in hub.ask("/user/ada/chainrule/start")[1]

    # They work, and hand in: one with the command, one with the button of the start page.
    deserved = {}
    for user, like in (("ada", "ada"), ("bela", "goran")):
        one, model = work_of(course, like)
        deserved[user] = one.deserves
        status, said = hub.ask(f"/user/{user}/api/contents/exercises/delta/delta.ipynb", model, "PUT")
        assert status == 200, said
    said, status = hub.run("ada", "chainrule", "submit", "exercises/delta/delta.ipynb")
    assert status == 0 and "Handed in delta for ada" in said and "inbound/ada+delta+" in said, said
    status, page = hub.ask("/user/bela/chainrule/submit", {"assignment": "delta", "name": "bela"}, form=True)
    assert status == 200 and "as bela" in page, page

    # The instructor collects, grades in the sandbox, releases the feedback; marks are what the work deserves.
    for command in (["nbgrader", "collect", "delta"], ["chainrule", "grade", "delta"],
                    ["nbgrader", "release_feedback", "delta"]):
        said, status = hub.run("teacher", *command)
        assert status == 0, (command, said)
    marks = hub.python("teacher", "from nbgrader.api import Gradebook; import os\n"
                       "with Gradebook('sqlite:///' + os.path.expanduser('~/chainrule/classroom/gradebook.db')) as g:\n"
                       "    print({s.student.id: s.score for s in g.assignment_submissions('delta')})")
    assert eval(marks) == deserved

    # A learner sees the feedback where the start page says.
    said, status = hub.run("ada", "nbgrader", "fetch_feedback", "delta")
    assert status == 0, said
    page = hub.ask("/user/ada/chainrule/start")[1]
    link = page.partition('href="../files/')[2].partition('"')[0]
    assert "exercises/delta/feedback/" in link, page
    status, feedback = hub.ask(f"/user/ada/files/{link}")
    assert status == 200 and "✓ Right · delta.output" in feedback

    # Nobody sees another's work. Each question has an answer for the one whom it belongs to.
    srv, homes = hub.folder / "srv", hub.folder / "homes"
    private = [("ada", f"{homes}/ada/{path}") for path in
               ("chainrule/exercises/delta/delta.ipynb", ".local/share/jupyter/nbgrader_cache/chainrule")] + \
        [("teacher", path) for path in (f"{srv}/exchange/chainrule/inbound", f"{srv}/exchange/chainrule/feedback")] + \
        [("teacher", f"{homes}/teacher/chainrule/classroom/{name}") for name in
         ("gradebook.db", "course-secret", "submitted/ada/delta/delta.ipynb", "feedback/ada")]
    for whose, path in private:
        look = f"""
import os
try:
    print("seen", bool(os.listdir({path!r}) if os.path.isdir({path!r}) else open({path!r}, "rb").read()))
except OSError as no:
    print(type(no).__name__)"""
        assert hub.python(whose, look).strip() == "seen True", path
        assert hub.python("bela", look).strip() == "PermissionError", path
    status, token = hub.ask("/hub/api/users/bela/tokens", {"note": "proof"})
    token = json.loads(token)["token"]
    assert hub.ask("/user/bela/api/contents", token=token)[0] == 200
    assert hub.ask("/user/ada/api/contents", token=token)[0] == 403

    # The lab's menu leads back through the Hub; only the instructor has the formgrader.
    assert "/hub/user-redirect/chainrule/start" in hub.ask(
        "/user/ada/lab/api/settings/@jupyterlab/mainmenu-extension:plugin")[1]
    assert hub.ask("/user/teacher/formgrader")[0] == 200 and hub.ask("/user/ada/formgrader")[0] == 404
