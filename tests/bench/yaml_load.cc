// The peer of check and plan: yaml-cpp loading the same facts, and nothing else.
//   yaml_load FILE
#include <cstdio>
#include <exception>

#include <yaml-cpp/yaml.h>

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: yaml_load FILE\n");
    return 2;
  }
  try {
    const YAML::Node node = YAML::LoadFile(argv[1]);
    std::printf("%zu agents, %zu steps\n", node["agents"].size(), node["flow"]["steps"].size());
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
  return 0;
}
