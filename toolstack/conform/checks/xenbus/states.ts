import type {DeviceStand} from '../../stand/device-stand.ts';

const isDecimalState = (text: string): boolean => /^[0-8]$/.test(text);

/** Every state that was written is a number of the list, in decimal. */
export const mustWriteStates = (stand: DeviceStand, path: string): void => {
  const written = stand.store.valuesOf(`${path}/state`);
  if (written.length === 0) stand.inconclusive('no state was written');
  const wrong = written.find((text) => !isDecimalState(text));
  stand.must(wrong === undefined, () => `state "${wrong}"`, 'one of 0..8, in decimal');
};

/** Nodes that have to be there before a state is. */
export const mustPrecede = (stand: DeviceStand, path: string, keys: readonly string[], state: number): void => {
  const {store} = stand;
  const stateAt = store.indexOf((action) => action.path === `${path}/state` && action.value === String(state));
  for (const key of keys) {
    const at = store.indexOf(({kind, path: written}) => kind === 'write' && written === `${path}/${key}`);
    stand.must(at < 0 || at < stateAt, `${key} is written after state ${state}`, `it is there before state ${state}`);
  }
};

/** No state is written that was written last. */
export const mustNotRepeat = (stand: DeviceStand, path: string): void => {
  const written = stand.store.valuesOf(`${path}/state`);
  const at = written.findIndex((state, i) => state === written[i - 1]);
  stand.must(at < 0, () => `state ${written[at]} is written twice`, 'a state is written when it changes');
};
