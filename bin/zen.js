#!/usr/bin/env node
import { main } from '../dist/zen.js';

process.exitCode = await main(process.argv.slice(2));
