#!/usr/bin/python3
"""The whole recipe in small, on noise in the place of speech: prepare, draw scenes, train, export.

    test_recipe.py UNECHO-SCENES

Scenes and weights are the same for the same seed, also after an interruption. Skips what needs packages that are missing.
"""
import os
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import soundfile
    import scipy  # noqa: F401
except ImportError as missing:
    print(f'skipped: {missing}')
    sys.exit(77)

import onnx_file
import weights_file

HERE = os.path.dirname(os.path.abspath(__file__))
RATE, SECONDS = 16000, 40


def call(*command):
    subprocess.run([str(part) for part in command], check=True)


def script(name, *arguments):
    path = os.path.join(HERE, name)
    if not os.access(path, os.X_OK):   # README.md calls it as a program
        sys.exit(f'{path} is not executable')
    call(sys.executable, path, *arguments)


def refuses(because, name, *arguments):
    command = [sys.executable, os.path.join(HERE, name), *map(str, arguments)]
    result = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if result.returncode == 0 or result.stderr != because + '\n':
        sys.exit(f'{name}: expected {because}, found {result.stderr}')


def same(a, b):
    with open(a, 'rb') as one, open(b, 'rb') as other:
        if one.read() != other.read():
            sys.exit(f'{a} and {b} differ')


def write_recordings(folder):
    random = np.random.default_rng(1)
    for kind in ('near', 'far', 'noise', 'music', 'room', 'device'):
        for split in ('train', 'val'):
            os.makedirs(f'{folder}/{kind}/{split}')
            n = 4000 if kind in ('room', 'device') else SECONDS * RATE
            x = random.normal(size=n)
            if n == 4000:
                x *= np.exp(-np.arange(n) / 400)
            else:   # syllables
                x *= np.repeat(random.uniform(size=n // 1600) > 0.4, 1600)
            soundfile.write(f'{folder}/{kind}/{split}/one.wav', 0.1 * x, RATE)
            with open(f'{folder}/{kind}/{split}/one.txt', 'w') as transcript:
                transcript.write('no sound\n')


def check_wider(weights):
    import torch
    from network import FEATURES, Postfilter
    script('widen.py', weights, 160, 'wide.npz')
    torch.manual_seed(1)
    x, outputs = torch.randn(20, 3, FEATURES), []
    for file, units in ((weights, 128), ('wide.npz', 160)):
        net = Postfilter(units)
        net.load_state_dict({k: torch.from_numpy(v) for k, v in np.load(file).items()})
        outputs.append(net(x)[0].detach())
    apart = float((outputs[0] - outputs[1]).abs().max())
    if not apart < 1e-2:   # factors may be rounded to bfloat16
        sys.exit(f'more units changed the gains by {apart:.1e}')


def mean_of(a, b, out):
    script('average.py', a, 0.5, b, 0.5, out)
    one, other, mean = (np.load(file)['out.bias'] for file in (a, b, out))
    if not np.allclose(mean, (one + other) / 2):
        sys.exit(f'{out} is not the mean of {a} and {b}')


def check_model_as_weights(model, weights):
    read, trained = weights_file.read(model), np.load(weights)
    if set(read) != set(trained) or not all(np.array_equal(read[name], trained[name]) for name in read):
        sys.exit(f'{model}: not the weights of {weights}')
    options = ['--scenes', 'scenes', '--validation', 'validation', '--batch', 2, '--steps', 8, '--out', 'further', '--init', model]
    refuses(f'{model}: 128 units in a layer, expected 160: training/widen.py gives it more', 'train.py', *options, '--units', '160')
    script('train.py', *options)


def check_validation():
    """What does nothing gains nothing; libsndfile adds a chunk to 32-bit files."""
    copy = "import sys, soundfile as s; s.write(sys.argv[2], *s.read(sys.argv[1]), subtype='FLOAT')"
    command = [sys.executable, os.path.join(HERE, 'validate.py'), 'sounds', f'"{sys.executable}" -c "{copy}" {{mic}} {{out}}']
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if result.stderr or 'gain 0.00' not in result.stdout or 'ERLE 0.00' not in result.stdout:
        sys.exit(f'validate.py: {result.stdout}{result.stderr}')


def main():
    scenes = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as work:
        os.chdir(work)
        write_recordings('recordings')
        script('prepare.py', 'recordings', 'material')
        refuses('nowhere/near/train: no recordings', 'prepare.py', 'nowhere', 'nothing')
        for folder in ('scenes', 'again', 'validation', 'taken', 'sounds/dt', 'sounds/near', 'sounds/far'):
            os.makedirs(folder)
        call(scenes, 'material', 'train', 1, 4, 'scenes/1')
        call(scenes, 'material', 'train', 1, 4, 'again/1')
        same('scenes/1.u8', 'again/1.u8')
        for kind in ('dt', 'near', 'far'):
            call(scenes, 'material', 'val', 2, 1, f'validation/{kind}', kind)
            call(scenes, 'material', 'val', 2, 1, f'again/{kind}', kind, f'sounds/{kind}')
        call(scenes, 'material', 'train', 3, 4, 'taken/1')
        same('validation/dt.u8', 'again/dt.u8')
        rate, near = soundfile.read('sounds/dt/0000_near.wav')[::-1]
        assert rate == RATE and np.abs(near).max() > 0
        check_validation()

        try:
            import torch  # noqa: F401
        except ImportError as missing:
            print(f'training skipped: {missing}')
            return
        options = ['--scenes', 'scenes', '--validation', 'validation', '--batch', 2, '--steps', 32, '--units', 128]
        refuses('sounds: no scenes', 'train.py', '--scenes', 'sounds', '--validation', 'validation', '--out', 'nothing')
        script('train.py', *options, '--out', 'whole')
        script('train.py', *options, '--out', 'halves', '--until', 16)
        script('train.py', *options, '--out', 'halves')
        whole, halves = (np.load(f'{out}/weights.npz') for out in ('whole', 'halves'))
        for name in whole:
            if not np.array_equal(whole[name], halves[name]):
                sys.exit(f'{name}: an interruption changed it')
        check_wider('whole/weights.npz')
        script('train_gpu.py', '--scenes', 'taken', '--out', 'gpu', '--seconds', 1, '--least', 4,
               'one,whole/weights.npz,128,4,4,0.1,1,2,1e-4', 'two,,160,4,4,0.1,1.9,2,1e-4')
        for name, units in (('one', 128), ('two', 160)):
            weights = np.load(f'gpu/{name}.npz')
            if not all(np.isfinite(x).all() for x in weights.values()) or len(weights['inp.bias']) != units:
                sys.exit(f'{name}: weights that are no numbers, or of another size')
        mean_of('gpu/one.npz', 'whole/weights.npz', 'mean.npz')
        script('export_postfilter.py', 'mean.npz', 'model.onnx')
        if onnx_file.arrays('model.onnx')['output/W'].shape != (256, 71):
            sys.exit('model.onnx: not 70 gains and who talks')
        check_model_as_weights('model.onnx', 'mean.npz')


if __name__ == '__main__':
    main()
