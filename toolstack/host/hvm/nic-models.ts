import type {DeviceModel} from '../../../backends/emulated/bus/index.ts';
import {E1000} from '../../../backends/emulated/e1000/index.ts';
import {Rtl8139, type Rtl8139Options} from '../../../backends/emulated/rtl8139/index.ts';
import type {VifConfig} from '../../config/index.ts';
import {ToolstackError} from '../../errors.ts';
import {EXIT_CREATE_FAILED} from '../hotplug.ts';

/** An emulated network card. */
export interface EmulatedNic {
  /** Puts it into a slot of PCI bus 0. */
  plug(slot: number): void;
  unplug(): void;
  stats(): Readonly<Record<string, number>>;
}

type MakeNic = (model: DeviceModel, options: Rtl8139Options) => EmulatedNic;

const models: Readonly<Record<string, MakeNic | undefined>> = {
  rtl8139: (model, options) => new Rtl8139(model, options),
  e1000: (model, options) => new E1000(model, options),
};

const DEFAULT_MODEL = 'rtl8139';

/** What an HVM guest has beside the PV interface; undefined for `type=vif`. ToolstackError for an unknown model. */
export const nicModel = ({type = 'ioemu', model = DEFAULT_MODEL}: VifConfig): MakeNic | undefined => {
  if (type === 'vif') return undefined;
  if (models[model] !== undefined) return models[model];
  const reason = `vif: model=${model} is not supported (${Object.keys(models).join(', ')} are)`;
  throw new ToolstackError('EINVAL', `libxl: error: ${reason}`, EXIT_CREATE_FAILED);
};
