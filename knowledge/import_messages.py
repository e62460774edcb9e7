"""Reason and remedy of every problem code, in English and Chinese.

`{detail}` is filled in per problem; a key that ends in a colon is for a problem without detail.
"""

from collections.abc import Mapping
from typing import Literal

MESSAGES: Mapping[str, Mapping[Literal["en", "zh"], tuple[str, str]]] = {
    "missing": {
        "en": ("A required value is missing.", "Fill in the cell."),
        "zh": ("缺少必填的值。", "请填写该单元格。"),
    },
    "not_a_number": {
        "en": ("This is not a number.", "Write digits only, such as 12 or 12.50; empty where unknown."),
        "zh": ("这不是数字。", "只写数字，例如 12 或 12.50；不知道就留空。"),
    },
    "not_whole": {
        "en": ("A whole number is needed here.", "Write it in full, without fraction or exponent."),
        "zh": ("这里需要整数。", "请写完整的整数，不要小数或科学计数法。"),
    },
    "number_format": {
        "en": ("The number holds a currency sign, a unit or a thousands separator.", "Write {detail}."),
        "zh": ("数字里带有货币符号、单位或千位分隔符。", "请写成 {detail}。"),
    },
    "not_finite": {
        "en": ("Infinity and NaN are no amounts.", "Write the true number, or leave an optional cell empty."),
        "zh": ("无穷大和 NaN 不是有效数值。", "请写真实的数字，选填的单元格可以留空。"),
    },
    "too_large": {
        "en": ("The number does not fit into 64 bits.", "Use a number within ±9223372036854775807."),
        "zh": ("数字超出 64 位整数的范围。", "请使用 ±9223372036854775807 以内的数。"),
    },
    "negative": {
        "en": ("A negative number is not allowed here.", "Write 0 or more; leave returned goods out."),
        "zh": ("这里不允许负数。", "请写 0 或更大的数；退货不要写进来。"),
    },
    "out_of_range": {
        "en": ("The value is out of range.", "Write a value from {detail}."),
        "zh": ("数值超出范围。", "请写 {detail} 之间的值。"),
    },
    "not_a_date": {
        "en": ("This is not a date.", "Write it as 2026-03-31, with a time as 2026-03-31 18:05."),
        "zh": ("这不是日期。", "请写成 2026-03-31，带时间则写成 2026-03-31 18:05。"),
    },
    "not_a_flag": {
        "en": ("This is neither yes nor no.", "Write yes or no (true, false, 1 and 0 do as well)."),
        "zh": ("这既不是“是”也不是“否”。", "请写 yes 或 no（true、false、1、0、是、否也可以）。"),
    },
    "unknown_value": {
        "en": ("This value is not known here.", "Write one of: {detail}."),
        "zh": ("这里不认识这个值。", "请从中选一个：{detail}。"),
    },
    "not_an_email": {
        "en": ("This is not an e-mail address.", "Write it as name@example.com, or leave the cell empty."),
        "zh": ("这不是电子邮件地址。", "请写成 name@example.com，或留空。"),
    },
    "too_long": {
        "en": ("The text is too long.", "Shorten it to {detail} characters."),
        "zh": ("文字太长。", "请缩短到 {detail} 个字符以内。"),
    },
    "control_characters": {
        "en": ("The text holds control characters.", "Delete the invisible characters shown as escapes."),
        "zh": ("文字里含有控制字符。", "请删除以转义形式显示的不可见字符。"),
    },
    "wrong_encoding": {
        "en": ("The bytes here are not UTF-8 text.", "Save the file as CSV UTF-8 and import it again."),
        "zh": ("这里的字节不是 UTF-8 文字。", "请把文件另存为 UTF-8 编码的 CSV 再导入。"),
    },
    "wrong_order": {
        "en": ("The value lies before that of {detail}.", "Swap the two or correct one of them."),
        "zh": ("这个值小于（早于）{detail} 的值。", "请对调这两个值，或改正其中一个。"),
    },
    "duplicate_key": {
        "en": (
            "The same key stands on line {detail} already.",
            "Delete one of the rows or correct its key.",
        ),
        "zh": ("第 {detail} 行已经有相同的编号。", "请删除其中一行，或改正编号。"),
    },
    "unknown_reference": {
        "en": (
            "There is no such id in {detail}, neither in the folder nor in the database.",
            "Add the row to {detail}, or correct the id.",
        ),
        "zh": (
            "{detail} 里没有这个编号，文件夹和数据库里都没有。",
            "请在 {detail} 里补上这一行，或改正编号。",
        ),
    },
    "rejected_reference": {
        "en": ("It refers to a rejected row of {detail}.", "Repair that row in {detail} and import again."),
        "zh": ("它引用了 {detail} 中一行被拒绝的数据。", "请先改正 {detail} 里的那一行，再重新导入。"),
    },
    "field_count": {
        "en": (
            "The line and the header differ in their number of fields: {detail}.",
            "Check commas and quotes: text with a comma needs double quotes around it.",
        ),
        "zh": ("这一行与表头的字段数不同：{detail}。", "请检查逗号和引号：含逗号的文字要用双引号括起来。"),
    },
    "broken_quoting": {
        "en": (
            "A double quote is not closed, or text follows a closed one.",
            'Put quotes around the whole text and write a quote inside it twice: "a ""good"" tea".',
        ),
        "zh": (
            "双引号没有成对，或闭合后还有文字。",
            '请用双引号括住整段文字，里面的引号写两遍："好""茶"""。',
        ),
    },
    "missing_column": {
        "en": ("The required column is missing.", "Did you mean it by {detail}? Rename that column."),
        "zh": ("缺少必需的列。", "{detail} 是不是指这一列？请改正列名。"),
    },
    "missing_column:": {
        "en": ("The required column is missing.", "Add it to the header and fill it in."),
        "zh": ("缺少必需的列。", "请在表头里加上这一列并填写。"),
    },
    "unknown_column": {
        "en": ("There is no such column; it was left out.", "Did you mean {detail}? Rename the column."),
        "zh": ("没有这样的列，已略过。", "是不是想写 {detail}？请改正列名。"),
    },
    "unknown_column:": {
        "en": ("There is no such column; it was left out.", "Delete it, or see the columns in the README."),
        "zh": ("没有这样的列，已略过。", "请删除这一列，或查看 README 中的列名。"),
    },
    "duplicate_column": {
        "en": ("The column stands in the header twice.", "Delete one of the two."),
        "zh": ("表头里有两个同名的列。", "请删除其中一个。"),
    },
    "no_header": {
        "en": (
            "The first line names no column that is known here.",
            "Start the file with a line of column names, separated by commas: {detail}.",
        ),
        "zh": ("第一行没有任何认识的列名。", "请在文件第一行写上列名，用逗号分隔：{detail}。"),
    },
    "wrong_delimiter": {
        "en": ("The columns are not separated by commas.", "Save the file as comma-separated CSV."),
        "zh": ("各列不是用逗号分隔的。", "请另存为逗号分隔的 CSV。"),
    },
    "empty_file": {
        "en": ("The file is empty.", "Write the column names into its first line: {detail}."),
        "zh": ("文件是空的。", "请在第一行写上列名：{detail}。"),
    },
    "not_a_file": {
        "en": ("This is a folder or a device, not a file.", "Rename it, or put a file in its place."),
        "zh": ("这是文件夹或设备，不是文件。", "请改名，或换成文件。"),
    },
    "unreadable": {
        "en": ("The file cannot be read: {detail}.", "Export it again; nothing of it was imported."),
        "zh": ("无法读取文件：{detail}。", "请重新导出；其中的内容都没有导入。"),
    },
    "binary_file": {
        "en": ("The file is not UTF-8 text ({detail}).", "Export it as CSV UTF-8, or as Parquet."),
        "zh": ("文件不是 UTF-8 文本（{detail}）。", "请导出为 UTF-8 编码的 CSV 或 Parquet。"),
    },
    "two_files": {
        "en": ("There are several files for one table: {detail}.", "Keep one of them; none was read."),
        "zh": ("同一张表有多个文件：{detail}。", "请只保留一个；目前一个都没有读取。"),
    },
    "column_type": {
        "en": ("The column's Parquet type {detail} holds no plain value.", "Store it as text or as numbers."),
        "zh": ("该列的 Parquet 类型 {detail} 不是普通的值。", "请存为文字或数字。"),
    },
    "no_files": {
        "en": (
            "The folder holds none of the files that can be imported.",
            "Put at least one of these there, as .csv, .csv.gz or .parquet: {detail}.",
        ),
        "zh": ("文件夹里没有可以导入的文件。", "请至少放入其中一个（.csv、.csv.gz 或 .parquet）：{detail}。"),
    },
    "no_folder": {
        "en": ("There is no such folder, or it may not be read.", "Check the path and its permissions."),
        "zh": ("没有这个文件夹，或者没有读取权限。", "请检查路径和权限。"),
    },
    "strict_refused": {
        "en": ("In strict mode nothing of this file was imported.", "Repair its rows and import again."),
        "zh": ("严格模式下，这个文件的内容都没有导入。", "请改正有问题的行后重新导入。"),
    },
    "read_as_gb18030": {
        "en": ("The file is not UTF-8; it was read as GB18030.", "Check that names look right."),
        "zh": ("文件不是 UTF-8 编码，已按 GB18030 读取。", "请检查文字显示是否正确。"),
    },
    "time_zone_dropped": {
        "en": (
            "The times carry a time zone; the clock time was taken as written.",
            "Write times in the shop's local time if that is not what you mean.",
        ),
        "zh": ("时间带有时区；已按所写的钟点读取。", "如果不是这个意思，请改写成店铺当地时间。"),
    },
    "unknown_file": {
        "en": ("This file was left out: its name is not known here.", "Did you mean {detail}? Rename it."),
        "zh": ("这个文件没有读取：不认识它的文件名。", "是不是想写 {detail}？请改名。"),
    },
    "unknown_file:": {
        "en": ("This file was left out: its name is not known here.", "Use the file names in the README."),
        "zh": ("这个文件没有读取：不认识它的文件名。", "请使用 README 中的文件名。"),
    },
    "not_csv": {
        "en": ("This kind of file is not read.", "Export it as {detail}."),
        "zh": ("不读取这种文件。", "请导出为 {detail}。"),
    },
}
