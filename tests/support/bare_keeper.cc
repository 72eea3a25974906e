// The keeper as a program of its own, so that its tests need nothing of the command line.
#include "engine/process/keeper.h"

int main(int argc, char** argv) {
  return argc > 1 ? fleet::process::keeper_main(argc - 1, argv + 1) : 2;
}
