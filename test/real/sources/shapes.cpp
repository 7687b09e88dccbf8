// Namespaces, templates, lambdas within classes within functions, exceptions, virtual functions, the library's own templates.
#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace shapes {

struct Shape {
  virtual ~Shape() = default;
  virtual double area() const = 0;
  virtual std::string name() const { return "shape"; }
};

namespace {

inline double square(double value) { return value * value; }

struct Circle final : Shape {
  explicit Circle(double radius) : radius(radius) {}
  double area() const override { return 3.14 * square(radius); }
  std::string name() const override { return "circle"; }
  double radius;
};

} // namespace

namespace detail {

template <typename T, int Sides> struct Polygon : Shape {
  explicit Polygon(T side) : side(side) {
    if (side < 0) throw std::invalid_argument("negative side");
  }
  double area() const override {
    struct Local {
      static double scale(double value) { return square(value) * Sides; }
    };
    auto half = [this](double value) { return Local::scale(value + side) / 2; };
    return half(side);
  }
  T side;
};

} // namespace detail

class Drawing {
public:
  void add(std::unique_ptr<Shape> shape) { parts[shape->name()].push_back(std::move(shape)); }

  template <typename F> double total(F weight) const {
    double sum = 0;
    for (auto &[name, list] : parts)
      for (auto &shape : list) sum += weight(*shape);
    return sum;
  }

  static int drawn;

private:
  std::map<std::string, std::vector<std::unique_ptr<Shape>>> parts;
};

int Drawing::drawn = 0;

} // namespace shapes

static std::function<double(const shapes::Shape &)> rule(int times) {
  return [times](const shapes::Shape &shape) { return shape.area() * times; };
}

int main(int argc, char **argv) {
  shapes::Drawing drawing;
  for (int i = 1; i < argc + 5; i++) {
    if (i % 2) drawing.add(std::make_unique<shapes::Circle>(i));
    else drawing.add(std::make_unique<shapes::detail::Polygon<long, 4>>(i));
  }
  try {
    drawing.add(std::make_unique<shapes::detail::Polygon<float, 3>>(argc > 1 ? -1 : 1));
  } catch (const std::invalid_argument &problem) {
    std::fprintf(stderr, "%s\n", problem.what());
  }
  std::vector<double> totals{drawing.total(rule(argc)), drawing.total([](auto &shape) { return shape.area(); })};
  std::sort(totals.begin(), totals.end(), [](double a, double b) { return a > b; });
  std::printf("%f %s\n", totals[0], argv[0]);
}
