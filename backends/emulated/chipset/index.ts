export {plugChipset} from './chipset.ts';
