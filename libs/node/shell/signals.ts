/** Signals by name, as `kill -l` lists them. */
export const signalNumbers: Readonly<Record<string, number>> = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  ABRT: 6,
  KILL: 9,
  USR1: 10,
  SEGV: 11,
  USR2: 12,
  PIPE: 13,
  ALRM: 14,
  TERM: 15,
  CHLD: 17,
  CONT: 18,
  STOP: 19,
};

/** A signal's name from what `trap` and `kill` take: `SIGTERM`, `term`, `15`; 0 is the end of a shell. */
export function signalName(text: string): string {
  const name = text.toUpperCase().replace(/^SIG/, '');
  if (name === '0') return 'EXIT';
  const [known] = Object.entries(signalNumbers).find(([, number]) => String(number) === name) ?? [name];
  return known;
}
