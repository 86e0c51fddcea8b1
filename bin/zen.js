#!/usr/bin/env node
import { setTimeout } from 'node:timers';
import { main } from '../dist/zen.js';

process.exitCode = await main(process.argv.slice(2));
// A database that broke down may leave timers behind, which would keep the process for ever.
setTimeout(() => process.exit(), 1000).unref();
