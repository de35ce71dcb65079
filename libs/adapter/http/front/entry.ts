/** The module that front threads begin with. `tools/bundle.ts` puts a bundle of it beside the programs, and names that here. */
export const frontEntry: URL | string = new URL('./thread.ts', import.meta.url);
