import {createHost, type XenHost} from '../host/host.ts';
import {type BenchRow, median} from './row.ts';

const GUESTS = 1000;
/** Creations around the 10th and the last that are taken together: one alone says little. */
const WINDOW = 9;

const create = async (host: XenHost, index: number): Promise<number> => {
  const text = `name="g${index}"\nkernel="builtin"\nmemory=16
disk=["format=raw,vdev=xvda,access=rw,target=ram:1M"]\nvif=["bridge=xenbr0"]`;
  const config = host.parse(text, 'bench.cfg');
  const start = performance.now();
  await host.waitConnected(await host.create(config));
  return performance.now() - start;
};

/** Creation of guests with one disk and one vif, until all devices are Connected; memory of a thousand. */
export const benchGuests = async (): Promise<BenchRow[]> => {
  const host = await createHost();
  const times: number[] = [];
  for (let index = 1; index <= GUESTS; index++) times.push(await create(host, index));
  const rssGb = process.memoryUsage().rss / 1e9;
  const early = median(times.slice(9 - (WINDOW >> 1), 10 + (WINDOW >> 1)));
  const late = median(times.slice(-WINDOW));
  await host.close({graceNs: 60e9});
  return [
    {
      name: 'xl create, devices Connected, 10th guest',
      value: early,
      unit: 'ms',
      target: {value: 100, sense: 'at most'},
    },
    {
      name: 'the 1,000th guest against the 10th',
      value: late / early,
      unit: 'times',
      target: {value: 1.5, sense: 'at most'},
      beside: {name: '1,000th', value: late, unit: 'ms'},
    },
    {
      name: '1,000 guests, one disk and one vif each',
      value: rssGb,
      unit: 'GB RSS',
      target: {value: 4, sense: 'at most'},
    },
  ];
};
