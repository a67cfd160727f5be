"""The job of deploy/slurm on a controller and a node of its own, on the loopback: eight tasks, one of
which is killed while it works; the array is submitted again, and the report is complete."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import unittest

import pairs
from pairs import InFolder, files_in, run, write_wave

NEEDED = ["munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "sinfo"]
MISSING = [name for name in NEEDED if not shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin")]
DEPLOY = os.path.join(os.environ["UNECHO_DEPLOY"], "slurm")
TASKS = 8

CONFIGURATION = """ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={node}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.sock
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
ReturnToService=2
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 CoresPerSocket=2 RealMemory=1000
PartitionName=all Nodes={host} Default=YES
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(condition, what, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain for {what}")
        time.sleep(0.05)


@unittest.skipIf(MISSING, "not installed: " + ", ".join(MISSING) + " (slurm-wlm, munge)")
@unittest.skipIf(os.getuid() != 0, "slurmd needs root")
class Slurm(InFolder):
    def start(self, *words):
        words = [shutil.which(words[0], path=os.environ["PATH"] + ":/usr/sbin"), *words[1:]]
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   env=self.env)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)

    def setUp(self):
        super().setUp()
        cluster = os.path.join(self.folder, "cluster")
        for name in ["state", "spool", "bin"]:
            os.makedirs(os.path.join(cluster, name))
        os.symlink(pairs.TOOL, os.path.join(cluster, "bin", "unecho"))
        host = socket.gethostname().split(".")[0]
        with open(os.path.join(cluster, "slurm.conf"), "w") as file:
            file.write(CONFIGURATION.format(folder=cluster, host=host, controller=free_port(),
                                            node=free_port()))
        key = os.path.join(cluster, "munge.key")
        with open(os.open(key, os.O_WRONLY | os.O_CREAT, 0o400), "wb") as file:
            file.write(os.urandom(1024))
        self.env = {**os.environ, "SLURM_CONF": os.path.join(cluster, "slurm.conf"),
                    "PATH": os.path.join(cluster, "bin") + ":" + os.environ["PATH"]}
        self.start("munged", "--foreground", "--force", f"--socket={cluster}/munge.sock",
                   f"--key-file={key}", f"--pid-file={cluster}/munged.pid",
                   f"--log-file={cluster}/munged.log", f"--seed-file={cluster}/munge.seed")
        wait_for(lambda: os.path.exists(f"{cluster}/munge.sock"), "munged")
        self.start("slurmctld", "-D")
        self.start("slurmd", "-D", "-N", host)
        wait_for(lambda: "idle" in self.slurm("sinfo", "-h", "-o", "%T", check=False), "the node")

    def slurm(self, *words, check=True):
        result = subprocess.run(words, capture_output=True, env=self.env)
        if check:
            self.assertEqual(result.returncode, 0, (words, result.stderr))
        return result.stdout.decode().strip()

    def submit(self, script, *words, options=()):
        return self.slurm("sbatch", "--parsable", "--output=log-%A-%a.txt", *options,
                          os.path.join(DEPLOY, script), *words)

    def submit_array(self):
        return self.submit("batch.sbatch", "in", "out", "--jobs", "1",
                           options=[f"--array=1-{TASKS}%2", "--cpus-per-task=1",
                                    "--mem-per-cpu=200M"])

    def wait_for_end(self, job):
        wait_for(lambda: not self.slurm("squeue", "-h", "-j", job, check=False), "the jobs", 300)

    def journal(self, task):
        try:
            with open(f"out/unecho-batch.{task}-of-{TASKS}.jsonl", "rb") as file:
                return file.read()
        except FileNotFoundError:
            return b""

    def kill_in_the_middle(self, task):
        wait_for(lambda: self.journal(task).count(b"begun") >= 2, f"task {task} at work")
        # All its processes, as the kernel does when memory is short.
        for number in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{number}/environ", "rb") as file:
                    mine = b"SLURM_ARRAY_TASK_ID=%d\0" % task in file.read()
                if mine and os.readlink(f"/proc/{number}/exe") == os.path.realpath(pairs.TOOL):
                    os.kill(int(number), signal.SIGKILL)
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                pass

    def test_an_array_is_killed_and_goes_on(self):
        length = 2 * min(len(self.sample.mic), len(self.sample.far))
        for i in range(3 * TASKS):
            at = 1000 * i
            write_wave(f"in/{i}_mic.wav", (2 * self.sample.mic)[at:length])
            write_wave(f"in/{i}_far.wav", (2 * self.sample.far)[at:length])
        array = self.submit_array()
        self.kill_in_the_middle(3)
        self.wait_for_end(array)
        killed = files_in("out")
        self.assertLess(len(killed), 3 * TASKS + 1)
        done_before = sum(self.journal(task).count(b'"out"') for task in range(1, TASKS + 1))
        self.assertLess(done_before, 3 * TASKS)
        self.wait_for_end(self.submit_array())
        self.wait_for_end(self.submit("batch-merge.sbatch", "out"))
        with open("out/report.html", encoding="utf-8") as file:
            self.assertEqual(file.read().count('"status": "done"'), 3 * TASKS)
        os.remove("out/report.html")

        # Only what was missing was done again, and the outputs are those of one run.
        lines = [json.loads(line) for line in run("batch", "--merge", "out", "--json").stdout
                 .splitlines()]
        self.assertEqual(len(lines), 3 * TASKS)
        done = sum(self.journal(task).count(b'"out"') for task in range(1, TASKS + 1))
        self.assertEqual(done, 3 * TASKS)
        self.batch("in", "-o", "one")
        self.assertEqual(files_in("out"), files_in("one"))
