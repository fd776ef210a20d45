import test from 'ava';
import {
  enhancedPacket,
  interfaceDescription,
  interfaceStatistics,
  sectionHeader,
} from '../../backends/network/index.ts';

/** Words, little-endian, and texts as they lie in the file. */
const bytes = (...parts: readonly (number | string)[]): Buffer =>
  Buffer.concat(
    parts.map((part) => {
      if (typeof part === 'string') return Buffer.from(part, 'latin1');
      const word = Buffer.alloc(4);
      word.writeUInt32LE(part);
      return word;
    }),
  );

/** An option's code and length. */
const option = (code: number, length: number): number => code + length * 0x10000;

test('a section header says the byte order, the version, no length, and who wrote it', (t) => {
  t.deepEqual(
    sectionHeader('pvsim'),
    bytes(0x0a0d0d0a, 44, 0x1a2b3c4d, 1, 0xffffffff, 0xffffffff, option(4, 5), 'pvsim\0\0\0', 0, 44),
  );
});

test('an interface is Ethernet, has a name, nanoseconds, and a second from which it counts', (t) => {
  const description = interfaceDescription({name: 'vif1.0', description: 'abcd', epochSeconds: 1_800_000_000});
  const named = [option(2, 6), 'vif1.0\0\0', option(3, 4), 'abcd', option(9, 1), '\u0009\0\0\0'] as const;
  const expected = bytes(1, 64, 1, 0, ...named, option(14, 8), 1_800_000_000, 0, 0, 64);
  t.deepEqual(description, expected);
});

test('a packet has its stamp, its length, its way and its comment', (t) => {
  const packet = enhancedPacket({
    interfaceId: 3,
    timeNs: 5 * 2 ** 32 + 7,
    direction: 'tx',
    bytes: Buffer.from('fivey'),
    comment: 'slot 1',
  });
  const expected = bytes(6, 64, 3, 5, 7, 5, 5, 'fivey\0\0\0', option(1, 6), 'slot 1\0\0', option(2, 4), 2, 0, 64);
  t.deepEqual(packet, expected);
  const received = enhancedPacket({interfaceId: 0, timeNs: 0.9, direction: 'rx', bytes: Buffer.alloc(4), comment: ''});
  t.deepEqual(received, bytes(6, 52, 0, 0, 0, 4, 4, 0, option(1, 0), option(2, 4), 1, 0, 52));
});

test('every block is of whole words and says its length at both ends', (t) => {
  for (let length = 0; length < 9; length++) {
    const comment = 'c'.repeat(length);
    const block = enhancedPacket({interfaceId: 0, timeNs: 0, direction: 'rx', bytes: Buffer.alloc(length), comment});
    t.is(block.length % 4, 0);
    t.is(block.readUInt32LE(4), block.length);
    t.is(block.readUInt32LE(block.length - 4), block.length);
  }
});

test('statistics count what came and what was dropped, also beyond 32 bits', (t) => {
  const statistics = interfaceStatistics({interfaceId: 1, timeNs: 9, received: 2 ** 33 + 1, dropped: 2});
  t.deepEqual(statistics, bytes(5, 52, 1, 0, 9, option(4, 8), 1, 2, option(5, 8), 2, 0, 0, 52));
});
