export {PIIX3_SLOT, plugChipset} from './chipset.ts';
