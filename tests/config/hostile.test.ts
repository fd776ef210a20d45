import test from 'ava';
import * as fc from 'fast-check';
import {
  ConfigError,
  domainConfig,
  parseConfig,
  parseDiskSpec,
  parseVifArguments,
  parseVifSpec,
  vdevToNumber,
} from '../../toolstack/config/index.ts';

const random = (): number => 0;

/** Runs a reader; only a ConfigError with something to say may come out. */
const survives = (read: () => unknown): boolean => {
  try {
    read();
    return true;
  } catch (error) {
    return error instanceof ConfigError && error.lines.length > 0 && error.exitCode > 0;
  }
};

const piece = (...pieces: string[]): fc.Arbitrary<string> => fc.constantFrom(...pieces);

const cfgText = fc
  .array(
    fc.oneof(
      piece('name', 'disk', 'vif', 'memory', 'vcpus', 'cpus', 'type', 'kernel', 'vfb', 'iomem', 'constructor', 'uuid'),
      piece('=', '+=', '[', ']', ',', ';', '\n', ' ', '\t', '#', '\\', "'", '"', '\0', '\r', '0x', '-', '@'),
      piece('"a"', "'x,raw,xvda'", '12', '"mac=1:2"', "'all,^1'", '"\\012"', '"hvm"'),
      fc.string({maxLength: 3}),
    ),
    {maxLength: 60},
  )
  .map((pieces) => pieces.join(''));

const property = (arbitrary: fc.Arbitrary<string>, read: (text: string) => unknown): void =>
  fc.assert(
    fc.property(arbitrary, (text) => survives(() => read(text))),
    {numRuns: 2000},
  );

test('any text is a configuration or a ConfigError', (t) => {
  property(cfgText, (text) => domainConfig(parseConfig(text, 'x.cfg'), {random}));
  t.pass();
});

const settings = fc
  .array(
    fc.tuple(
      piece(
        'memory',
        'maxmem',
        'vcpus',
        'maxvcpus',
        'cpus',
        'type',
        'disk',
        'vif',
        'vfb',
        'vkb',
        'p9',
        'iomem',
        'irqs',
      ),
      piece(
        '0',
        '1',
        '"-1"',
        '"9223372036854775807"',
        '99999',
        '[]',
        '[[]]',
        '["1"]',
        '["a=b,c"]',
        '"hvm"',
        '"x"',
        '""',
      ),
    ),
    {maxLength: 12},
  )
  .map((pairs) => pairs.map(([key, value]) => `${key} = ${value}\n`).join(''));

test('any values of known keys are a configuration or a ConfigError', (t) => {
  property(settings, (text) => domainConfig(parseConfig(`name="n"\nkernel="k"\n${text}`, 'x.cfg'), {random}));
  t.pass();
});

const spec = fc
  .array(
    fc.oneof(
      piece(
        'target=',
        'vdev=',
        'format=',
        'mac=',
        'rate=',
        'mtu=',
        'cdrom',
        'phy:',
        'xvda',
        '1MB/s',
        '@5ms',
        ':',
        '=',
        ',',
      ),
      fc.string({maxLength: 3}),
    ),
    {maxLength: 20},
  )
  .map((pieces) => pieces.join(''));

test('any device specification is a device or a ConfigError', (t) => {
  property(spec, (text) => parseDiskSpec(text));
  property(spec, (text) => parseVifSpec(text));
  property(spec, (text) => parseVifArguments([text]));
  property(spec, (text) => vdevToNumber(text));
  t.pass();
});

/** Texts that made a careless reader slow; each would take minutes with a quadratic one. */
const LONG: Record<string, string> = {
  'comments that never end': '# '.repeat(250_000),
  'blanks in an error': `x = #${' '.repeat(500_000)}y\n`,
  'quotes that never end': `"a 'b `.repeat(150_000),
  'open lists': '['.repeat(500_000),
  'one long string': `x = "${'\\\\'.repeat(200_000)}"`,
};

for (const [name, text] of Object.entries(LONG)) {
  test(`a long file of ${name} is read to its end`, (t) => {
    t.true(survives(() => parseConfig(text, 'x.cfg')));
  });
}

test('a file that is too large is refused', (t) => {
  t.throws(() => parseConfig('\n'.repeat(2 ** 20 + 1), 'x.cfg'), {instanceOf: ConfigError, message: /too large/});
});
