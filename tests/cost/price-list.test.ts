import test from 'ava';
import {parsePriceList, priceLists, prices} from '../../hypervisor/cost/index.ts';

test('every list has every price, each with a source', (t) => {
  for (const {name, source, tags} of priceLists) {
    t.deepEqual(Object.keys(tags).sort(), Object.keys(prices).sort(), name);
    t.not(source, '');
    for (const [price, tag] of Object.entries(tags)) {
      t.true(tag.ns >= 0 && tag.ns < 1e6, `${name} ${price}`);
      t.not(tag.source, '', `${name} ${price}`);
    }
  }
});

test('the parts that the default list has of published latencies add up to them', (t) => {
  const {name, tags} = parsePriceList();
  t.is(name, 'dall2016-x86');
  t.is(tags.hypercall.ns + tags.wakeDom0.ns + tags.upcall.ns, 5360, 'I/O latency out, 11262 cycles at 2.1 GHz');
  t.is(tags.hypercall.ns + tags.wakeGuest.ns + tags.upcall.ns, 4790, 'I/O latency in, 10050 cycles');
  t.is(tags.vmexit.ns + tags.ioreq.ns, 10150, 'out and in');
});

test('prices can be changed by name; the list says so in its name', (t) => {
  const list = parsePriceList('dall2016-arm,vmexit=500,grantCopyByte=0.25');
  t.is(list.name, 'dall2016-arm,vmexit=500,grantCopyByte=0.25');
  t.like(list.tags, {vmexit: {ns: 500, certainty: 'given'}, grantCopyByte: {ns: 0.25}, upcall: {ns: 30}});
  t.is(parsePriceList('dall2016-arm').tags.vmexit.ns, 157);
});

for (const [text, message] of [
  ['', 'no price list "": there are dall2016-x86, '],
  ['dall2016', 'no price list "dall2016": there are dall2016-x86, '],
  ['dall2016-x86,vmexits=5', 'no price "vmexits": there are vmexit, hypercall, '],
  ['dall2016-x86,toString=5', 'no price "toString": there are '],
  ['dall2016-x86,vmexit', '"vmexit" is not PRICE=NANOSECONDS'],
  ['dall2016-x86,vmexit=-1', '"vmexit=-1" is not PRICE=NANOSECONDS'],
  ['dall2016-x86,vmexit=', '"vmexit=" is not PRICE=NANOSECONDS'],
  ['dall2016-x86,vmexit=1e400', '"vmexit=1e400" is not PRICE=NANOSECONDS'],
  ['dall2016-x86,vmexit=1000000001', 'vmexit=1000000001 is more than a second'],
  ['dall2016-x86,', '"" is not PRICE=NANOSECONDS'],
]) {
  test(`refused: "${text}"`, (t) => {
    const error = t.throws(() => parsePriceList(text), {name: 'PriceListError'});
    t.true(error?.message.startsWith(message), error?.message);
    t.false(error?.message.includes('\n'));
  });
}
