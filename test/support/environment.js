import vm from 'node:vm';
import { TestEnvironment } from 'jest-environment-node'; // which comes with jest

const { createContext } = vm;

/**
 * Jest's environment of Node, with a plain global object. Jest's own is a proxy, which is asked for each `Number` and `Map` that
 * code names: ours ran two to five times as long.
 */
export default class Environment extends TestEnvironment {
  constructor(config, context) {
    vm.createContext = () => createContext(vm.constants.DONT_CONTEXTIFY);
    try {
      super(config, context);
    } finally {
      vm.createContext = createContext;
    }
  }
}
