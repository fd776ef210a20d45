import test from 'ava';
import {MacTable, parseMac, formatMac} from '../../backends/network/index.ts';
import {Random} from '../../hypervisor/schedule/index.ts';

const AGEING = 1000;

test('the table does what a map would, at random', (t) => {
  const random = new Random(3);
  const table = new MacTable({seed: 99, limit: 4096, ageingNs: AGEING});
  const model = new Map<string, {port: number; seenNs: number}>();
  let nowNs = 0;
  for (let step = 0; step < 50_000; step++) {
    nowNs += random.below(2);
    const high = random.below(4);
    const low = random.below(500) | 0;
    const key = `${high} ${low}`;
    const port = random.below(8);
    if (random.below(3) === 0) {
      table.learn(high, low, port, nowNs);
      model.set(key, {port, seenNs: nowNs});
    } else {
      const known = model.get(key);
      const isFresh = known !== undefined && nowNs - known.seenNs <= AGEING;
      t.is(table.lookup(high, low, nowNs), isFresh ? known.port : -1);
    }
    if (step % 10_000 !== 9999) continue;
    table.forgetPort(port);
    for (const [mac, entry] of model) if (entry.port === port) model.delete(mac);
  }
  const fresh = [...model.values()].filter(({seenNs}) => nowNs - seenNs <= AGEING);
  t.is([...table.entries(nowNs)].length, fresh.length);
});

test('ten thousand addresses are found, at the limit no further one is taken', (t) => {
  const table = new MacTable({seed: 1, limit: 10_000, ageingNs: AGEING});
  for (let i = 0; i < 12_000; i++) table.learn(0x0016, (0x3e000000 + i) | 0, i & 0xff, 0);
  t.is(table.size, 10_000);
  let found = 0;
  for (let i = 0; i < 12_000; i++) if (table.lookup(0x0016, (0x3e000000 + i) | 0, 0) === (i & 0xff)) found++;
  t.is(found, 10_000);
});

test('a full table is swept at most once a second', (t) => {
  const table = new MacTable({seed: 1, limit: 2, ageingNs: 10});
  table.learn(0, 1, 1, 0);
  table.learn(0, 2, 1, 0);
  table.learn(0, 3, 1, 5);
  t.is(table.lookup(0, 3, 5), -1);
  table.learn(0, 4, 1, 100);
  t.is(table.lookup(0, 4, 100), -1, 'swept a moment ago');
  table.learn(0, 5, 1, 1e9 + 5);
  t.is(table.lookup(0, 5, 1e9 + 5), 1);
});

test('addresses read and print', (t) => {
  t.deepEqual(parseMac('00:16:3E:0a:b:fF'), Uint8Array.of(0, 0x16, 0x3e, 0x0a, 0x0b, 0xff));
  for (const text of [
    '',
    '00:16:3e:0a:0b',
    '00:16:3e:0a:0b:0c:0d',
    '00-16-3e-0a-0b-0c',
    '00:16:3e:0a:0b:xx',
    '000:1:2:3:4:5',
  ]) {
    t.is(parseMac(text), undefined, text);
  }
  t.is(formatMac(Uint8Array.of(0, 0x16, 0x3e, 0x0a, 0x0b, 0xff)), '00:16:3e:0a:0b:ff');
});
