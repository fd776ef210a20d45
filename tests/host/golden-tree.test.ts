import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import {readFixture} from '../support/fixtures.ts';
import {formatListing, type ListedNode, listTree, parseListing} from '../support/tree-listing.ts';
import {type AllowedDifference, allowedDifferences, withoutDifferences} from './golden-differences.ts';
import {GOLDEN_DIR, GOLDEN_UUIDS, GoldenGuest} from './golden-guest.ts';

interface Stage {
  name: string;
  golden: string;
  act: (guest: GoldenGuest) => Promise<void>;
}

const stages: readonly Stage[] = [
  {name: 'dom0 alone', golden: '01-dom0-only', act: () => Promise.resolve()},
  {
    name: 'created, paused',
    golden: '02-golden-created-paused',
    act: (guest) => guest.create(GOLDEN_UUIDS.first, {paused: true}),
  },
  {name: 'running', golden: '03-golden-running', act: (guest) => guest.unpause()},
  {name: 'disk attached', golden: '04-golden-after-block-attach', act: (guest) => guest.attachDisk()},
  {name: 'disk detached', golden: '05-golden-after-block-detach', act: (guest) => guest.detachDisk()},
  {name: 'nic attached', golden: '06-golden-after-network-attach', act: (guest) => guest.attachVif()},
  {name: 'nic detached', golden: '07-golden-after-network-detach', act: (guest) => guest.detachVif()},
  {
    name: 'disk attached and detached again',
    golden: '08-golden-after-busy-detach',
    act: async (guest) => {
      await guest.attachDisk();
      await guest.detachDisk();
    },
  },
  // The recording of this very stage was taken while xl was still removing nodes.
  {name: 'powered off', golden: '13-after-destroy', act: (guest) => guest.powerOff()},
  {
    name: 'created again and rebooted',
    golden: '10-golden-after-reboot',
    act: async (guest) => {
      await guest.create(GOLDEN_UUIDS.second);
      await guest.connected();
      await guest.reboot();
    },
  },
  {name: 'destroyed', golden: '13-after-destroy', act: (guest) => guest.destroy()},
];

const directory = mkdtempSync(join(tmpdir(), 'pvsim-golden-'));
const trees = new Map<string, ListedNode[]>();
const used = new Set<AllowedDifference>();

test.before('a guest goes through its life', async (t) => {
  const guest = await GoldenGuest.start(directory);
  for (const {name, act} of stages) {
    await act(guest);
    const nodes = listTree(guest.host.host.store.snapshot());
    const inGoldenDir = (value: string): string => value.replaceAll(directory, GOLDEN_DIR);
    trees.set(
      name,
      nodes.map((node) => ({...node, value: inGoldenDir(node.value)})),
    );
  }
  await guest.host.close();
  t.pass();
});

test.after.always('its images go', () => rmSync(directory, {recursive: true}));

for (const {name, golden} of stages) {
  test.serial(`the tree, ${name}, is the recorded one`, (t) => {
    const recorded = parseListing(readFixture('golden', 'xenstore-ls', `${golden}.txt`));
    const compared = withoutDifferences(recorded, trees.get(name) ?? [], used);
    t.deepEqual(formatListing(compared.ours), formatListing(compared.golden));
  });
}

test.serial('every allowed difference is still one', (t) => {
  t.deepEqual(
    allowedDifferences.filter((difference) => !used.has(difference)),
    [],
  );
});
