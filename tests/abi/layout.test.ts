import test from 'ava';
import {RINGS, scalarsOf, structsOn} from '../../hypervisor/abi/catalogue.ts';
import type {Abi} from '../../hypervisor/abi/ctype.ts';
import {XEN_FLEX_RING_SIZE, ringEntries, ringGeometry} from '../../hypervisor/abi/io/ring.ts';
import {layoutOf, sizeOf} from '../../hypervisor/abi/layout.ts';
import {readJsonFixture} from '../support/fixtures.ts';

interface AbiFacts {
  typedefs: Record<string, {size: number; kind: string; count?: number; header: string}>;
  rings: Record<
    string,
    {
      request: string;
      response: string;
      requestSize: number;
      responseSize: number;
      entrySize: number;
      ringOffset: number;
      entries: Record<string, number>;
    }
  >;
  flexRings: {sizeOfOneDirection: Record<string, number>};
  structs: Record<string, {kind: string; header: string; size: number; align: number; fields: object[]}>;
}

const facts: Record<Abi, AbiFacts> = {
  x86_64: readJsonFixture('abi', 'abi-x86_64.json'),
  x86_32: readJsonFixture('abi', 'abi-x86_32.json'),
};

for (const abi of ['x86_64', 'x86_32'] as const) {
  const {structs, rings, typedefs, flexRings} = facts[abi];
  const ours = structsOn(abi);

  test(`${abi}: every struct of the headers has a table, and no other`, (t) => {
    t.deepEqual(
      ours.map(({name}) => name),
      Object.keys(structs).sort(),
    );
  });

  for (const {name, header, struct} of ours) {
    test(`${abi}: ${struct.form} ${name}`, (t) => {
      const {kind, size, align, fields} = layoutOf(struct, abi);
      const expected = structs[name];
      t.deepEqual({kind, header, size, align}, pick(expected));
      t.deepEqual([...fields], expected.fields);
    });
  }

  test(`${abi}: ring entries`, (t) => {
    const tags = [...RINGS.keys()];
    t.deepEqual(tags.sort(), Object.keys(rings).sort());
    for (const [tag, ring] of RINGS) {
      const {requestBytes, responseBytes, entryBytes, ringOffset} = ringGeometry(ring, abi);
      const expected = rings[tag];
      t.deepEqual([requestBytes, responseBytes], [expected.requestSize, expected.responseSize], tag);
      t.deepEqual([entryBytes, ringOffset], [expected.entrySize, expected.ringOffset], tag);
      for (const [areaBytes, entries] of Object.entries(expected.entries))
        t.is(ringEntries(Number(areaBytes), ringOffset, entryBytes), entries, `${tag} in ${areaBytes} bytes`);
    }
  });

  test(`${abi}: scalar typedefs`, (t) => {
    for (const [name, {size, header}] of Object.entries(typedefs)) {
      const scalar = scalarsOf(header).get(name);
      t.truthy(scalar, `${header} ${name}`);
      if (scalar !== undefined) t.is(sizeOf(scalar, abi), size, name);
    }
  });

  test(`${abi}: flex ring sizes`, (t) => {
    for (const [order, size] of Object.entries(flexRings.sizeOfOneDirection))
      t.is(XEN_FLEX_RING_SIZE(Number(order)), size);
  });
}

const pick = ({kind, header, size, align}: {kind: string; header: string; size: number; align: number}) => ({
  kind,
  header,
  size,
  align,
});
