import {Worker} from 'node:worker_threads';
import type {DomId} from '../../hypervisor/index.ts';
import {X86Vcpu} from '../../hypervisor/vcpu/x86/index.ts';
import {debianGuest} from '../support/debian.ts';
import {TestHost} from '../support/host.ts';
import {linuxConfig} from '../support/linux-config.ts';
import {testWith} from '../support/real.ts';

const guest = await debianGuest();
const missing = 'missing' in guest ? guest.missing : undefined;
/** Of each test. The machine is kept busy during all but the first. */
const RUNS = Number(process.env.PVSIM_TEST_RUNS ?? 2);
const TIMEOUT_MS = RUNS * 120_000;
const MIB = 2 ** 20;
const IDLE_S = 10;
/** Debian's kernel ticks 250 times a second, but of an idle guest most ticks are left out. */
const MAX_IDLE_UPCALLS = 40 * IDLE_S;

/** All that a guest did, as numbers and text. */
const deedsOf = (host: TestHost, domid: DomId) => {
  const vcpu = host.host.xen.domain(domid)?.vcpus[0];
  if (!(vcpu instanceof X86Vcpu)) throw new Error(`no guest ${domid}`);
  return {text: host.consoleText(domid), cpuTimeNs: vcpu.cpuTimeNs, ...vcpu.counters()};
};

const boot = async (host: TestHost, name: string, address: string): Promise<DomId> => {
  if ('missing' in guest) throw new Error(guest.missing);
  const devices = ['disk = ["format=raw,vdev=xvda,access=rw,target=ram:8M"]', 'vif = ["bridge=xenbr0"]'];
  const uuid = `uuid = "00000000-0000-4000-8000-${name.padStart(12, '0')}"`;
  const domid = await host.create([...linuxConfig(guest.image, name, address), uuid, ...devices, ''].join('\n'));
  for (let tries = 0; tries < 60 && !host.consoleText(domid).includes('# '); tries++) await host.settle();
  return domid;
};

/** What it did until its disk was full, and until it had been idle for a while. */
const oneGuest = async () => {
  const host = await TestHost.start({seed: 7});
  const domid = await boot(host, 'a', '10.0.0.5');
  await host.shell(domid, 'dd if=/dev/urandom of=/dev/xvda bs=64k count=64; md5sum /dev/xvda', 10e9);
  const busy = deedsOf(host, domid);
  await host.settle(IDLE_S * 1e9);
  const idle = deedsOf(host, domid);
  await host.close();
  if (idle.upcalls - busy.upcalls > MAX_IDLE_UPCALLS) throw new Error(`${idle.upcalls - busy.upcalls} upcalls`);
  return [busy, idle];
};

const twoGuests = async () => {
  const host = await TestHost.start({seed: 7});
  const server = await boot(host, 'a', '10.0.0.5');
  const client = await boot(host, 'b', '10.0.0.6');
  await host.shell(server, `(nc -l -p 99 -e dd if=/dev/urandom bs=64k count=${(2 * MIB) / 65536} &)`, 1e9);
  await host.shell(client, 'nc 10.0.0.5 99 | md5sum; ping -c 3 10.0.0.5', 10e9);
  const deeds = [deedsOf(host, server), deedsOf(host, client)];
  await host.close();
  return deeds;
};

/** Runs something while another thread takes the machine's time. */
const underLoad = async <T>(run: () => Promise<T>): Promise<T> => {
  const thread = new Worker('for (;;);', {eval: true});
  try {
    return await run();
  } finally {
    await thread.terminate();
  }
};

const scenarios = [
  {
    title: 'one guest that boots, fills its disk and sits at its prompt',
    run: oneGuest,
    end: /[0-9a-f]{32} {2}\/dev\/xvda/,
  },
  {title: 'two guests that talk', run: twoGuests, end: /[0-9a-f]{32} {2}-[^]*3 packets received, 0% packet loss/},
];

for (const {title, run, end} of scenarios) {
  testWith(
    missing,
    `the same to the instruction, the hypercall and the character in every run: ${title}`,
    async (t) => {
      t.timeout(TIMEOUT_MS);
      const first = await run();
      t.regex(first.at(-1)?.text ?? '', end);
      t.true(first.every(({instructions, hypercalls}) => instructions > 1e8 && (hypercalls.get(32) ?? 0) > 100));
      for (let again = 1; again < RUNS; again++) t.deepEqual(await underLoad(run), first);
    },
  );
}
