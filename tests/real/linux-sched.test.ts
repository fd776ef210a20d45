import type {DomId} from '../../hypervisor/index.ts';
import {debianGuest} from '../support/debian.ts';
import {TestHost} from '../support/host.ts';
import {linuxConfig} from '../support/linux-config.ts';
import {testWith} from '../support/real.ts';

const guest = await debianGuest();
const missing = 'missing' in guest ? guest.missing : undefined;
const S = 1e9;
/** Slices of an emulated CPU end at a millisecond or a little later. */
const TOLERANCE = 0.03;

/** A guest that has booted and computes for ever. */
const boot = async (host: TestHost, name: string, address: string): Promise<DomId> => {
  if ('missing' in guest) throw new Error(guest.missing);
  const domid = await host.create(linuxConfig(guest.image, name, address).join('\n'));
  for (let tries = 0; tries < 60 && !host.consoleText(domid).includes('# '); tries++) await host.settle();
  return domid;
};

testWith(missing, 'Linux guests get CPU time by weight, cap and pinning', async (t) => {
  t.timeout(300_000);
  const host = await TestHost.start({seed: 3, cpus: 2});
  const {cpus, xen} = host.host;
  const domids = [await boot(host, 'a', '10.0.0.5'), await boot(host, 'b', '10.0.0.6')];
  const shares = async (seconds: number): Promise<number[]> => {
    const used = (): number[] => domids.map((domid) => xen.domain(domid)?.cpuTimeNs ?? 0);
    const before = used();
    await host.settle(seconds * S);
    return used().map((ns, index) => (ns - before[index]) / (seconds * S));
  };
  const near = (share: number, wanted: number, what: string): boolean =>
    t.true(Math.abs(share - wanted) <= TOLERANCE * wanted, `${what}: ${share}, not ${wanted}`);

  for (const domid of domids) await host.shell(domid, 'while :; do :; done &', 0.1 * S);
  for (const share of await shares(0.5)) near(share, 1, 'two CPUs');
  for (const domid of domids) cpus.pin(domid, undefined, {hard: [1]});
  cpus.setSchedule(domids[0], 'credit2', {weight: 768});
  await host.settle(0.1 * S);
  const [heavy, light] = await shares(2);
  near(heavy, 0.75, 'weight 768');
  near(light, 0.25, 'weight 256');
  cpus.setSchedule(domids[1], 'credit2', {cap: 10});
  await host.settle(0.1 * S);
  const [, capped] = await shares(2);
  t.true(capped <= 0.1 * (1 + TOLERANCE), `cap 10: ${capped}`);
  await host.host.close();
});
