import { z } from 'zod';

/** What the program that extracts text says, one line at a time. */
export const PdfLine = z.discriminatedUnion('type', [
  z.object({ type: z.literal('document'), pages: z.number(), title: z.string() }),
  z.object({ type: z.literal('page'), text: z.string() }),
  z.object({ type: z.literal('end') }),
  z.object({ type: z.literal('failure'), reason: z.enum(['encrypted', 'malformed']), detail: z.string() }),
]);
export type PdfLine = z.infer<typeof PdfLine>;
