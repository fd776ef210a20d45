import {spawn} from 'node:child_process';
import {createHash, randomBytes} from 'node:crypto';
import {once} from 'node:events';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import type {ExecutionContext} from 'ava';
import {debianGuest} from '../support/debian.ts';
import {linuxConfig} from '../support/linux-config.ts';
import {PASST, startPasst} from '../support/passt.ts';
import {missingProgram, PYTHON, realEnv, testWith} from '../support/real.ts';
import {temporaryDirectory} from '../support/temporary.ts';
import {XlHost} from '../support/xl.ts';

const FILE_BYTES = 4 * 2 ** 20;
const ROUTER = '192.168.77.1';

const linux = await debianGuest();
const missing = missingProgram('passt');

/** Serves a file on a port of loopback: its URL for guests, and its checksums. */
const serveFile = async (t: ExecutionContext): Promise<{url: string; md5: string; sha256: string}> => {
  const directory = temporaryDirectory(t);
  const bytes = randomBytes(FILE_BYTES);
  writeFileSync(join(directory, 'file'), bytes);
  const server = spawn(PYTHON, ['-u', '-m', 'http.server', '--bind', '127.0.0.1', '0'], {
    cwd: directory,
    env: realEnv,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.teardown(() => server.kill('SIGKILL'));
  const [announced] = (await once(server.stdout, 'data')) as [Buffer];
  const [, port] = /port (\d+)/.exec(announced.toString()) ?? [];
  const [md5, sha256] = ['md5', 'sha256'].map((name) => createHash(name).update(bytes).digest('hex'));
  return {url: `http://${PASST.gateway}:${port}/file`, md5, sha256};
};

/** A host whose NAT network has passt outside. */
const startHost = async (t: ExecutionContext): Promise<XlHost> => {
  const host = XlHost.at(t);
  const uplink = `xennat0=stream:${await startPasst(t)}`;
  // Dom0 is not on xenbr0: its address there would be one of passt's network.
  const {status, stderr} = await host.pvsim('host', 'start', '--bridge', 'xenbr0', '--uplink', uplink);
  t.is(status, 0, stderr);
  return host;
};

testWith(missing, 'guests of a NAT network get addresses and names, and share one way out', async (t) => {
  const host = await startHost(t);
  const {url, sha256} = await serveFile(t);
  for (const name of ['alice', 'bob']) {
    await host.create(
      name,
      'vif = ["script=vif-nat"]',
      'disk = ["format=raw,vdev=xvda,access=rw,target=ram:4M"]',
      'extra = "ip=dhcp"',
    );
    await host.waitForConsole(name, /eth0: dhcp: address 192\.168\.77\.\d+\/24[^]*# $/);
  }
  await host.type('alice', 'ping -c 1 bob', / 1 received/);
  await host.type('bob', 'ping -c 1 alice.xen', / 1 received/);
  await Promise.all(
    ['alice', 'bob'].map((name) => host.type(name, `wget -O /dev/xvda ${url}`, /saved \[4194304\/4194304\]/)),
  );
  for (const name of ['alice', 'bob']) {
    const [sum] = await host.type(name, 'sha256sum /dev/xvda', /^[0-9a-f]{64}/m);
    t.is(sum, sha256);
  }
});

testWith(
  'missing' in linux ? linux.missing : missing,
  'a Linux guest finds names in a NAT network, and a web server on loopback through passt',
  async (t) => {
    if ('missing' in linux) throw new Error(linux.missing);
    const host = await startHost(t);
    const {url, md5} = await serveFile(t);
    const config = linuxConfig(linux.image, 'linux', '192.168.77.5');
    host.write('linux.cfg', [...config, 'vif = ["script=vif-nat,ip=192.168.77.5"]', ''].join('\n'));
    await host.ok('create', 'linux.cfg');
    await host.waitForConsole('linux', /^linux:.*# /m);
    await host.type('linux', `nslookup linux.xen ${ROUTER}`, /Address: 192\.168\.77\.5$/m);
    await host.type('linux', `ip route add default via ${ROUTER}; echo way out $?`, /^way out 0$/m);
    const [sum] = await host.type('linux', `wget -q -O - ${url} | md5sum`, /^[0-9a-f]{32}/m);
    t.is(sum, md5);
  },
);
