// Writes what follows from the code into the documents (npm run readme); test/docs.test.ts holds them to it.
import { writeFileSync } from 'node:fs';
import { buildDocuments } from './documents.ts';

for (const [path, text] of Object.entries(await buildDocuments())) writeFileSync(path, text);
