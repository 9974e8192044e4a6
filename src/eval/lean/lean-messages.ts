import { z } from 'zod';

/** One message of `lean --json`. */
export const LeanMessage = z.object({
  severity: z.enum(['information', 'warning', 'error']),
  caption: z.string(),
  text: z.string(),
  pos_line: z.number(),
  pos_col: z.number(),
});
export type LeanMessage = z.infer<typeof LeanMessage>;

/** The messages in Lean's output. A line that is none is left out: what a script prints itself arrives inside of a message. */
export function parseMessages(output: string): LeanMessage[] {
  return output.split('\n').flatMap(line => {
    const message = LeanMessage.safeParse(parseJson(line));
    return message.success ? [message.data] : [];
  });
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

const TIMEOUT = /deterministic\) timeout|excessive memory consumption/;
const INCOMPLETE = /uses sorry|using 'exit' to interrupt/;

/** Whether Lean stopped over one of its own limits. */
export function isOverLimit({ severity, text }: LeanMessage): boolean {
  return severity === 'error' && TIMEOUT.test(text);
}

/** Whether a message says that a proof was left out or the file was not read to its end. */
export function saysIncomplete({ text }: LeanMessage): boolean {
  return INCOMPLETE.test(text);
}

const USUAL_AXIOMS = ['propext', 'classical.choice', 'quot.sound'];

/** Axioms beyond the three usual ones, in what `#print axioms` says. */
export function foreignAxioms(messages: readonly LeanMessage[]): string[] {
  return messages
    .filter(({ severity }) => severity === 'information')
    .flatMap(({ text }) => text.split('\n'))
    .map(line => line.trim().split(/[\s:]/)[0] ?? '')
    .filter(name => name !== '' && name !== 'no' && !USUAL_AXIOMS.includes(name));
}
