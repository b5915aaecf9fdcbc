// The commands of the link emulator.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace lab {

using Value = std::variant<std::string, double, bool>;
using Command = std::map<std::string, Value, std::less<>>;

// Reads one flat JSON object of strings without escapes, numbers and booleans; all that the lab ever sends.
class CommandReader {
 public:
  explicit CommandReader(std::string_view text) : text_(text) {}

  Command read() {
    Command command;
    expect('{');
    while (peek() != '}') {
      std::string key = read_string();
      expect(':');
      command[std::move(key)] = read_value();
      if (peek() == ',') ++position_;
    }
    return command;
  }

 private:
  char peek() {
    while (position_ < text_.size() && text_[position_] == ' ') ++position_;
    if (position_ >= text_.size()) throw std::invalid_argument("unexpected end");
    return text_[position_];
  }
  void expect(char wanted) {
    if (peek() != wanted) throw std::invalid_argument(std::string("expected ") + wanted);
    ++position_;
  }
  std::string read_string() {
    expect('"');
    const std::size_t end = text_.find('"', position_);
    if (end == std::string_view::npos) throw std::invalid_argument("unterminated string");
    std::string result(text_.substr(position_, end - position_));
    position_ = end + 1;
    return result;
  }
  Value read_value() {
    if (peek() == '"') return read_string();
    const std::size_t end = std::min(text_.find_first_of(",}", position_), text_.size());
    const std::string word(text_.substr(position_, end - position_));
    position_ = end;
    if (word == "true") return true;
    if (word == "false") return false;
    std::size_t used = 0;
    const double number = std::stod(word, &used);
    if (used != word.size() || number < 0) throw std::invalid_argument("bad number " + word);
    return number;
  }

  std::string_view text_;
  std::size_t position_ = 0;
};

}  // namespace lab
